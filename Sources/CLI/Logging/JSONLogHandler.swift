import Logging

/// Writes each log line as a JSON object, for log collectors: time, level, logger and message, then the metadata by key.
/// Numbers and truth values of the metadata stay what they are.
struct JSONLogHandler: LogHandler {
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
    var line = LogLine()
    line.members = [
      ("time", .string(TextLogHandler.timestamp)), ("level", .string(event.level.rawValue)),
      ("logger", .string(label)),
      ("message", .string(LogText.sanitized("\(event.message)", limit: LogText.maxMessageBytes))),
    ]
    let reserved = line.members.map(\.key)
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
      .sorted(by: { $0.key < $1.key })
    {
      line.members.append((reserved.contains(key) ? "metadata_\(key)" : key, LogLine.Value(value)))
    }
    guard let text = try? jsonText(of: line) else { return }
    write(text)
  }
}

/// Members in the order in which they are written.
private struct LogLine: Encodable {
  enum Value: Encodable {
    case string(String)
    case integer(Int)
    case number(Double)
    case bool(Bool)

    init(_ value: Logger.Metadata.Value) {
      if case .stringConvertible(let typed) = value {
        switch typed {
        case let integer as Int:
          self = .integer(integer)
          return
        case let bool as Bool:
          self = .bool(bool)
          return
        case let number as Double where number.isFinite:
          self = .number(number)
          return
        default: break
        }
      }
      self = .string(LogText.sanitized("\(value)", limit: LogText.maxValueBytes))
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .string(let string): try container.encode(string)
      case .integer(let integer): try container.encode(integer)
      case .number(let number): try container.encode(number)
      case .bool(let bool): try container.encode(bool)
      }
    }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  var members: [(key: String, value: Value)] = []

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (key, value) in members { try container.encode(value, forKey: Key(stringValue: key)) }
  }
}
