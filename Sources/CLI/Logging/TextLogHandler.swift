import FoundationCompatibility
import Logging

/// Writes each log line as text: `2026-01-31T12:00:00.000Z info yolox: request id=a1 status=200`.
struct TextLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]
  private let label: String
  private let write: @Sendable (String) -> Void

  init(label: String, write: @escaping @Sendable (String) -> Void) {
    self.label = label
    self.write = write
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let values = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
      .sorted { $0.key < $1.key }.map { " \($0.key)=\(LogText.word("\($0.value)"))" }
    let message = LogText.sanitized("\(event.message)", limit: LogText.maxMessageBytes)
    write("\(TextLogHandler.timestamp) \(event.level) \(label): \(message)\(values.joined())")
  }

  /// The time now (RFC 3339).
  static var timestamp: String {
    Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
