import Logging

/// A log line as a JSON object: time, level, logger and message, then the metadata. Numbers and truth values of the metadata
/// stay what they are.
struct JSONLogLine: Encodable {
  private enum Value: Encodable {
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

  /// In the order in which they are written.
  private var members: [(key: String, value: Value)]

  init(
    _ time: String, _ level: Logger.Level, _ label: String, _ message: String,
    _ metadata: [(key: String, value: Logger.Metadata.Value)]
  ) {
    members = [
      ("time", .string(time)), ("level", .string(level.rawValue)), ("logger", .string(label)),
      ("message", .string(message)),
    ]
    let reserved = members.map(\.key)
    for (key, value) in metadata {
      members.append((reserved.contains(key) ? "metadata_\(key)" : key, Value(value)))
    }
  }

  /// Strings, finite numbers and truth values can always be encoded.
  var text: String { (try? jsonText(of: self)) ?? "" }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (key, value) in members { try container.encode(value, forKey: Key(stringValue: key)) }
  }
}
