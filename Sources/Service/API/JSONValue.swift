/// Anything that JSON can say, but for objects in objects: no parameter or setting is one.
package enum JSONValue: Codable, Equatable, Sendable {
  case text(String)
  case number(Double)
  case flag(Bool)
  case list([JSONValue])
  case null

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Text first: pictures are, and they are long.
    if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if container.decodeNil() {
      self = .null
    } else if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .list(try container.decode([JSONValue].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number):
      if let whole = Int(exactly: number) {
        try container.encode(whole)
      } else {
        try container.encode(number)
      }
    case .flag(let flag): try container.encode(flag)
    case .list(let values): try container.encode(values)
    case .null: try container.encodeNil()
    }
  }

  /// As it is shown to whoever sent it; not at full length.
  var excerpt: String {
    switch self {
    case .text(let text): text.count > 60 ? text.prefix(60) + "…" : text
    case .list(let values): "[" + values.prefix(5).map(\.excerpt).joined(separator: ", ") + "]"
    case .number, .flag, .null: text ?? "null"
    }
  }

  /// A single value as it would be written on a command line.
  package var text: String? {
    switch self {
    case .text(let text): text
    case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
    case .flag(let flag): "\(flag)"
    case .list, .null: nil
    }
  }

  /// A number, also one written as text.
  var number: Double? {
    switch self {
    case .number(let number): number
    case .text(let text): Double(text)
    default: nil
    }
  }

  var flag: Bool? {
    switch self {
    case .flag(let flag): flag
    case .text(let text): ["true": true, "1": true, "false": false, "0": false][text.lowercased()]
    default: nil
    }
  }
}
