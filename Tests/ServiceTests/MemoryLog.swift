import Logging
import Synchronization

/// Keeps what a service under test logs.
final class MemoryLog: Sendable {
  struct Line: Sendable {
    let level: Logger.Level
    let message: String
    let metadata: [String: String]
  }

  private let kept = Mutex<[Line]>([])

  var lines: [Line] { kept.withLock(\.self) }

  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: MemoryLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(
      level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String,
      function: String, line: UInt
    ) {
      let all = self.metadata.merging(metadata ?? [:]) { $1 }
      self.log.kept.withLock {
        $0.append(Line(level: level, message: "\(message)", metadata: all.mapValues { "\($0)" }))
      }
    }
  }
}
