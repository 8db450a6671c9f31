import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Log lines as JSON objects, one a line, on standard error: for whatever collects logs.
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
    var members = ["time": Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))]
    members["level"] = event.level.rawValue
    members["logger"] = label
    members["message"] = "\(event.message)"
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
      members[key] = "\(value)"
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let line = try? encoder.encode(members) else { return }
    // In one piece, so that lines of several threads do not mix.
    writeToStandardError(String(decoding: line, as: UTF8.self) + "\n")
  }
}
