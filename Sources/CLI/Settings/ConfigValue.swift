import FoundationCompatibility
import Service

/// A value in the file of `--config`: one value, a list of values, or the members of one entry of a list.
package enum ConfigValue: Codable, Equatable, Sendable {
  case value(JSONValue)
  case list([ConfigValue])
  case object([String: ConfigValue])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let members = try? container.decode([String: ConfigValue].self) {
      self = .object(members)
    } else if let list = try? container.decode([ConfigValue].self) {
      self = .list(list)
    } else {
      self = .value(try container.decode(JSONValue.self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .value(let value): try container.encode(value)
    case .list(let list): try container.encode(list)
    case .object(let members): try container.encode(members)
    }
  }

  /// An object in the text of a command line argument, which is JSON; `nil` for any other text.
  package init?(objectText text: String) {
    guard text.hasPrefix("{"),
      let members = try? JSONDecoder().decode([String: ConfigValue].self, from: Data(text.utf8))
    else { return nil }
    self = .object(members)
  }

  /// As an argument of the command line: objects are JSON. `nil` for lists and null.
  package var text: String? {
    switch self {
    case .value(let value): return value.text
    case .list: return nil
    case .object:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    }
  }
}
