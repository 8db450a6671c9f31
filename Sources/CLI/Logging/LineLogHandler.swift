import Logging

/// Writes each log event as one line.
package struct LineLogHandler: LogHandler {
  package var logLevel = Logger.Level.info
  package var metadata: Logger.Metadata = [:]
  private let label: String
  private let format: LogFormat
  private let hasTime: Bool
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - hasTime: see ``LogFormat/line(_:_:_:_:hasTime:)``.
  ///   - write: gets each line without its line feed.
  package init(
    label: String, format: LogFormat, hasTime: Bool = true, write: @escaping @Sendable (String) -> Void
  ) {
    self.label = label
    self.format = format
    self.hasTime = hasTime
    self.write = write
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let metadata = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
    write(format.line(event.level, label, "\(event.message)", metadata, hasTime: hasTime))
  }
}
