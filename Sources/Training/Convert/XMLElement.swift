/// An element of an XML file with its text and children, limited to what annotation files use. Attributes, comments,
/// declarations and processing instructions are skipped. Supported entities are the five predefined ones and numeric
/// ones; document types with entities of their own are rejected.
package struct XMLElement: Equatable, Sendable {
  package struct Fault: Error, Equatable {
    /// In bytes.
    package let offset: Int
    package let reason: String
  }

  package let name: String
  package private(set) var text = ""
  package private(set) var children: [XMLElement] = []

  package func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  /// Reads a document's root element.
  package init(parsing bytes: [UInt8]) throws(Fault) {
    var scanner = Scanner(bytes: bytes)
    // Open elements from the root inwards.
    var open: [XMLElement] = []
    while let token = try scanner.next() {
      switch token {
      case .text(let text):
        if !open.isEmpty { open[open.count - 1].text += text }
      case .start(let name, let isEmpty):
        guard open.count < XMLElement.depthLimit else { throw scanner.fault("nested too deeply") }
        open.append(XMLElement(name: name))
        if !isEmpty { continue }
        if let root = XMLElement.close(&open) {
          self = root
          return
        }
      case .end(let name):
        guard open.last?.name == name else { throw scanner.fault("</\(name)> closes nothing") }
        if let root = XMLElement.close(&open) {
          self = root
          return
        }
      }
    }
    throw scanner.fault(open.last.map { "<\($0.name)> is not closed" } ?? "no element")
  }

  private static let depthLimit = 64

  private init(name: String) { self.name = name }

  /// Appends the innermost open element to its parent, or returns it if it is the root.
  private static func close(_ open: inout [XMLElement]) -> XMLElement? {
    let element = open.removeLast()
    guard !open.isEmpty else { return element }
    open[open.count - 1].children.append(element)
    return nil
  }
}

private struct Scanner {
  enum Token {
    case text(String)
    case start(name: String, isEmpty: Bool)
    case end(String)
  }

  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  func fault(_ reason: String) -> XMLElement.Fault { XMLElement.Fault(offset: position, reason: reason) }

  mutating func next() throws(XMLElement.Fault) -> Token? {
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "<") else {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        defer { position = end }
        return .text(try decoded(bytes[position..<end]))
      }
      if starts("<!--") {
        try skip(past: "-->")
      } else if starts("<![CDATA[") {
        let start = position + 9
        try skip(past: "]]>")
        return .text(String(decoding: bytes[start..<position - 3], as: UTF8.self))
      } else if starts("<?") {
        try skip(past: "?>")
      } else if starts("<!") {
        try skip(past: ">")
      } else {
        return try tag()
      }
    }
    return nil
  }

  private mutating func tag() throws(XMLElement.Fault) -> Token {
    let start = position + 1
    try skip(past: ">")
    let inside = bytes[start..<position - 1]
    let isEnd = inside.first == UInt8(ascii: "/")
    let isEmpty = inside.last == UInt8(ascii: "/")
    let name = inside.drop { $0 == UInt8(ascii: "/") }
      .prefix { $0 > UInt8(ascii: " ") && $0 != UInt8(ascii: "/") }
    guard !name.isEmpty else { throw fault("tag without a name") }
    let text = String(decoding: name, as: UTF8.self)
    return isEnd ? .end(text) : .start(name: text, isEmpty: isEmpty)
  }

  private func starts(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  private mutating func skip(past mark: String) throws(XMLElement.Fault) {
    let mark = Array(mark.utf8)
    var index = position
    while index + mark.count <= bytes.count {
      if bytes[index..<index + mark.count].elementsEqual(mark) {
        position = index + mark.count
        return
      }
      index += 1
    }
    throw fault("ends before \(String(decoding: mark, as: UTF8.self))")
  }

  private func decoded(_ bytes: ArraySlice<UInt8>) throws(XMLElement.Fault) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.contains("&") else { return text }
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "&") {
      result += rest[..<start]
      guard let end = rest[start...].firstIndex(of: ";"),
        let character = Scanner.entity(rest[rest.index(after: start)..<end])
      else { throw fault("an unknown entity") }
      result.append(character)
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  private static func entity(_ name: Substring) -> Character? {
    switch name {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default:
      let number =
        name.hasPrefix("#x")
        ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
      return number.flatMap(Unicode.Scalar.init).map(Character.init)
    }
  }
}
