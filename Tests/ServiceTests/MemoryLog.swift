import Logging
import Synchronization

/// Keeps the lines of a log with their metadata.
final class MemoryLog: Sendable {
  struct Line: Sendable {
    let level: Logger.Level
    let message: String
    let metadata: Logger.Metadata

    func text(_ key: String) -> String? { metadata[key].map { "\($0)" } }

    /// The number of a value that is a number and not its text.
    func number(_ key: String) -> Double? {
      guard case .stringConvertible(let value) = metadata[key] else { return nil }
      return (value as? Int).map(Double.init) ?? (value as? Double)
    }
  }

  private let recorded = Mutex<[Line]>([])
  var lines: [Line] { recorded.withLock(\.self) }
  func add(_ line: Line) { recorded.withLock { $0.append(line) } }

  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: MemoryLog
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]

    init(log: MemoryLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      log.add(Line(level: event.level, message: "\(event.message)", metadata: event.metadata ?? [:]))
    }
  }
}
