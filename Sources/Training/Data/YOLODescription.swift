import FoundationCompatibility

/// The `data.yaml` of a YOLO data set, as Ultralytics and Roboflow write it: class names and the folders of the splits.
/// It reads the YAML that such files consist of: `key: value` at the top level, and lists and maps of plain values as
/// blocks or in brackets.
struct YOLODescription: Sendable, Equatable {
  let names: [String]
  /// Folders by key (`path`, `train`, `val`), as written.
  let folders: [String: String]

  /// - Parameter path: names the file in errors.
  init(parsing text: String, path: String) throws(TrainingError) {
    var values: [String: String] = [:]
    var blocks: [String: [String]] = [:]
    var key: String?
    for line in text.split(whereSeparator: \.isNewline).map(YOLODescription.withoutComment)
    where !line.allSatisfy(\.isWhitespace) {
      let isNested = line.first?.isWhitespace == true || line.hasPrefix("- ") || line.hasPrefix("]")
      if isNested || key.map({ YOLODescription.isOpen(values[$0] ?? "") }) == true {
        guard let key else { continue }
        if let value = values[key], !value.isEmpty {
          values[key] = value + " " + line
        } else {
          blocks[key, default: []].append(line)
        }
      } else if let (name, value) = YOLODescription.pair(line) {
        key = name
        values[name] = value
      }
    }
    func malformed(_ reason: String) -> TrainingError { .unusableData(path: path, reason: reason) }

    let entries: [String]
    if let block = blocks["names"] {
      entries = block
    } else if let value = values["names"], value.hasPrefix("[") || value.hasPrefix("{") {
      entries = YOLODescription.items(value)
    } else {
      throw malformed("no list of class names under 'names'")
    }
    names = try YOLODescription.names(entries, malformed)
    guard !names.isEmpty else { throw malformed("the list of class names is empty") }
    if let count = values["nc"].flatMap({ Int($0) }), count != names.count {
      throw malformed("nc is \(count), but there are \(names.count) names")
    }
    var folders: [String: String] = [:]
    for name in ["path", "train", "val", "valid"] {
      if blocks[name] != nil || values[name]?.hasPrefix("[") == true {
        throw malformed("'\(name)' is a list: one folder is supported; convert the parts and name them")
      }
      if let value = values[name].map(YOLODescription.unquoted), !value.isEmpty {
        folders[name == "valid" ? "val" : name] = value
      }
    }
    self.folders = folders
  }

  /// `- name`, `3: name`, or the name alone, in the order of the classes.
  private static func names(
    _ entries: [String], _ malformed: (String) -> TrainingError
  ) throws(TrainingError) -> [String] {
    var names: [Int: String] = [:]
    for (place, entry) in entries.enumerated() {
      let text = trimmed(entry)
      if text.hasPrefix("- ") {
        names[place] = unquoted(String(text.dropFirst(2)))
      } else if let (key, value) = pair(text), let index = Int(unquoted(key)) {
        guard names.updateValue(unquoted(value), forKey: index) == nil else {
          throw malformed("two names for class \(index)")
        }
      } else {
        names[place] = unquoted(text)
      }
    }
    guard Set(names.keys) == Set(0..<names.count) else {
      throw malformed("the classes are not numbered from 0 to \(names.count - 1)")
    }
    return names.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The items of `[a, 'b, c']` or `{0: a, 1: b}`.
  private static func items(_ text: String) -> [String] {
    var items: [String] = []
    var item = ""
    var quote: Character?
    for character in text.dropFirst() {
      if let open = quote {
        if character == open { quote = nil }
        item.append(character)
      } else if character == "]" || character == "}" {
        break
      } else if character == "," {
        items.append(item)
        item = ""
      } else {
        if character == "'" || character == "\"" { quote = character }
        item.append(character)
      }
    }
    return (items + [item]).map(trimmed).filter { !$0.isEmpty }
  }

  /// Whether a value begins with a bracket that it does not close.
  private static func isOpen(_ value: String) -> Bool {
    (value.hasPrefix("[") && !value.contains("]")) || (value.hasPrefix("{") && !value.contains("}"))
  }

  private static func pair(_ line: some StringProtocol) -> (String, String)? {
    guard let colon = line.firstIndex(of: ":") else { return nil }
    return (trimmed(String(line[..<colon])), trimmed(String(line[line.index(after: colon)...])))
  }

  private static func withoutComment(_ line: Substring) -> String {
    var quote: Character?
    var previous: Character = " "
    var result = ""
    for character in line {
      if character == "#", quote == nil, previous.isWhitespace { break }
      if character == "'" || character == "\"" {
        quote = quote == nil ? character : quote == character ? nil : quote
      }
      result.append(character)
      previous = character
    }
    return result
  }

  private static func unquoted(_ text: String) -> String {
    let text = trimmed(text)
    guard text.count >= 2, let first = text.first, first == text.last, first == "'" || first == "\"" else {
      return text
    }
    let inner = String(text.dropFirst().dropLast())
    return first == "'" ? inner.replacing("''", with: "'") : inner.replacing("\\\"", with: "\"")
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
