import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes each log line as a JSON object to standard error, for log collectors.
struct JSONLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]
  private let label: String

  init(label: String) { self.label = label }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var line = LogLine(members: [
      "time": Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
      "level": event.level.rawValue, "logger": label, "message": "\(event.message)",
    ])
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
      line.members[key] = "\(value)"
    }
    guard let text = try? jsonText(of: line) else { return }
    // One write per line, so that lines of several threads do not mix.
    printError(text)
  }
}

/// Time, level, logger and message, then the metadata by key.
private struct LogLine: Encodable {
  var members: [String: String]

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    let first = ["time", "level", "logger", "message"]
    let rest = members.keys.filter { !first.contains($0) }.sorted()
    var container = encoder.container(keyedBy: Key.self)
    for key in first + rest { try container.encodeIfPresent(members[key], forKey: Key(stringValue: key)) }
  }
}
