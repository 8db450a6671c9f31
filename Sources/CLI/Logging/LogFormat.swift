import ArgumentParser
import FoundationCompatibility
import Logging

/// How a log line is written.
package enum LogFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// `2026-01-31T12:00:00.000Z info yolox: request id=a1 status=200`.
  case text
  /// One JSON object per line, for log collectors.
  case json

  /// - Parameters:
  ///   - label: the logger's.
  ///   - hasTime: `false` for text that goes to the journal, which stamps lines itself.
  /// - Returns: a line with the present time, without its line feed.
  package func line(
    _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Logger.Metadata,
    hasTime: Bool = true
  ) -> String {
    let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))  // RFC 3339
    let message = LogText.sanitized(message, limit: LogText.maxMessageBytes)
    let metadata = metadata.sorted { $0.key < $1.key }
    switch self {
    case .text:
      let values = metadata.map { " \($0.key)=\(LogText.word("\($0.value)"))" }
      return "\(hasTime ? time + " " : "")\(level) \(label): \(message)\(values.joined())"
    case .json:
      return JSONLogLine(time, level, label, message, metadata).text
    }
  }
}
