/// The value of a setting in JSON: text, a number, or a list of labels.
enum SettingValue: Decodable {
  case text(String)
  case list([String])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let list = try? container.decode([String].self) {
      self = .list(list)
    } else if let number = try? container.decode(Double.self) {
      self = .text(Int(exactly: number).map(String.init) ?? "\(number)")
    } else {
      self = .text(try container.decode(String.self))
    }
  }
}
