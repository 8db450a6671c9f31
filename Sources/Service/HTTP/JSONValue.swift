/// A JSON value without nested objects, which no parameter has.
package enum JSONValue: Codable, Equatable, Sendable {
  case string(String)
  case number(Double)
  case bool(Bool)
  case array([JSONValue])
  case null

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Strings first: images are base64 strings, and long.
    if let string = try? container.decode(String.self) {
      self = .string(string)
    } else if container.decodeNil() {
      self = .null
    } else if let bool = try? container.decode(Bool.self) {
      self = .bool(bool)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .array(try container.decode([JSONValue].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .string(let string): try container.encode(string)
    case .number(let number):
      if let integer = Int(exactly: number) {
        try container.encode(integer)
      } else {
        try container.encode(number)
      }
    case .bool(let bool): try container.encode(bool)
    case .array(let values): try container.encode(values)
    case .null: try container.encodeNil()
    }
  }

  /// For error messages; shortened.
  package var excerpt: String {
    switch self {
    case .string(let string): string.excerpt
    case .array(let values): "[" + values.prefix(5).map(\.excerpt).joined(separator: ", ") + "]"
    case .number, .bool, .null: text ?? "null"
    }
  }

  /// A scalar as it would be written on a command line.
  package var text: String? {
    switch self {
    case .string(let string): string
    case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
    case .bool(let bool): "\(bool)"
    case .array, .null: nil
    }
  }

  /// A number, also one in a string.
  package var number: Double? {
    switch self {
    case .number(let number): number
    case .string(let string): JSONReader.number(in: string)
    default: nil
    }
  }

  /// A Boolean, also one in a string.
  package var bool: Bool? {
    switch self {
    case .bool(let bool): bool
    case .string(let string): ["true": true, "1": true, "false": false, "0": false][string.lowercased()]
    default: nil
    }
  }
}
