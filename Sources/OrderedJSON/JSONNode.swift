/// A JSON value under construction.
///
/// A reference type, because `Encoder` hands out containers that a type may fill in any order and at any time until its
/// `encode(to:)` returns. An array keeps finished elements as text: a tensor of millions of numbers is one buffer.
final class JSONNode {
  enum Kind { case object, array }

  private enum Content {
    case nothing
    case scalar([UInt8])
    case object(names: [String], indices: [String: Int], members: [JSONNode])
    /// The text so far after `[`, and in it the nodes that are still open, each with the text before it.
    case array(count: Int, open: [(before: [UInt8], node: JSONNode)], text: [UInt8])
  }

  let depth: Int
  private var content = Content.nothing
  /// Whether `encode(to:)` asked for two kinds of container.
  private var isContradictory = false

  init(depth: Int) { self.depth = depth }

  // MARK: Building

  func set(_ text: [UInt8]) {
    guard case .nothing = content else {
      isContradictory = true
      return
    }
    content = .scalar(text)
  }

  func become(_ kind: Kind) {
    switch (content, kind) {
    case (.nothing, .object): content = .object(names: [], indices: [:], members: [])
    case (.nothing, .array): content = .array(count: 0, open: [], text: [])
    case (.object, .object), (.array, .array): break
    default: isContradictory = true
    }
  }

  /// A new value for a member. A name that is encoded again keeps its place and gets the later value.
  func member(_ name: String) -> JSONNode {
    let node = JSONNode(depth: depth + 1)
    guard case .object(var names, var indices, var members) = content else {
      isContradictory = true
      return node
    }
    content = .nothing
    if let index = indices[name] {
      members[index] = node
    } else {
      indices[name] = members.count
      names.append(name)
      members.append(node)
    }
    content = .object(names: names, indices: indices, members: members)
    return node
  }

  var elementCount: Int {
    guard case .array(let count, _, _) = content else { return 0 }
    return count
  }

  func append(_ element: [UInt8]) {
    guard case .array(let count, let open, var text) = content else {
      isContradictory = true
      return
    }
    // Gives up the other reference, so that the text grows in place.
    content = .nothing
    if count > 0 { text.append(UInt8(ascii: ",")) }
    text += element
    content = .array(count: count + 1, open: open, text: text)
  }

  /// A new last element, which may be filled later.
  func element() -> JSONNode {
    let node = JSONNode(depth: depth + 1)
    guard case .array(let count, var open, var text) = content else {
      isContradictory = true
      return node
    }
    content = .nothing
    if count > 0 { text.append(UInt8(ascii: ",")) }
    open.append((text, node))
    content = .array(count: count + 1, open: open, text: [])
    return node
  }

  // MARK: Writing

  func write(to bytes: inout [UInt8]) throws {
    guard !isContradictory else { throw JSONNode.invalid("a type encoded itself as two kinds of JSON value") }
    switch content {
    case .nothing: throw JSONNode.invalid("a type encoded nothing")
    case .scalar(let text): bytes += text
    case .object(let names, _, let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, (name, member)) in zip(names, members).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        JSONText.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        try member.write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    case .array(_, let open, let text):
      bytes.append(UInt8(ascii: "["))
      for (before, node) in open {
        bytes += before
        try node.write(to: &bytes)
      }
      bytes += text
      bytes.append(UInt8(ascii: "]"))
    }
  }

  private static func invalid(_ what: String) -> EncodingError {
    EncodingError.invalidValue(what, .init(codingPath: [], debugDescription: what))
  }
}
