/// Encodes values as JSON (RFC 8259) with object members in the order in which they are encoded.
///
/// Foundation's `JSONEncoder` writes members sorted by name or in no order at all; an answer that people read puts the
/// image before its detections. Dictionaries have no order of their own, so theirs are sorted by key: equal values give
/// equal bytes. There is no special treatment of `Date`, `Data`, `URL` and `Decimal`.
package struct OrderedJSONEncoder: Sendable {
  package enum KeyStyle: Sendable {
    /// The coding keys' own strings.
    case verbatim
    /// `modelName` as `model_name`. Keys of dictionaries stay as they are.
    case snakeCase
  }

  /// Containers within containers, beyond which `encode` throws.
  package static let maxDepth = 64

  package var keyStyle: KeyStyle

  package init(keyStyle: KeyStyle = .verbatim) { self.keyStyle = keyStyle }

  /// - Returns: UTF-8 without white space between tokens.
  /// - Throws: `EncodingError.invalidValue` for numbers that are not finite, for nesting beyond ``maxDepth``, and for
  ///   types whose `encode(to:)` encodes nothing or asks for two kinds of container; or whatever `value` throws.
  package func encode(_ value: some Encodable) throws -> [UInt8] {
    let node = JSONNode(depth: 0)
    try ValueEncoder(node: node, codingPath: [], keyStyle: keyStyle).encodeValue(value)
    var bytes: [UInt8] = []
    try node.write(to: &bytes)
    return bytes
  }
}

/// Encodes one value into one node.
struct ValueEncoder: Encoder {
  let node: JSONNode
  let codingPath: [any CodingKey]
  let keyStyle: OrderedJSONEncoder.KeyStyle
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    node.become(.object)
    return KeyedEncodingContainer(
      KeyedContainer<Key>(node: node, codingPath: codingPath, keyStyle: keyStyle))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.become(.array)
    return UnkeyedContainer(node: node, codingPath: codingPath, keyStyle: keyStyle)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleValueContainer(node: node, codingPath: codingPath, keyStyle: keyStyle)
  }

  func encodeValue<Value: Encodable>(_ value: Value) throws {
    guard node.depth <= OrderedJSONEncoder.maxDepth else {
      throw EncodingError.invalidValue(
        value,
        .init(
          codingPath: codingPath,
          debugDescription: "JSON is nested deeper than \(OrderedJSONEncoder.maxDepth) levels"))
    }
    // Scalars first: through their own `encode(to:)` they would come back here.
    if let scalar = value as? any JSONScalar {
      try node.set(scalar.json(at: codingPath))
    } else if let dictionary = value as? any StringKeyedDictionary {
      try dictionary.encodeSorted(into: self)
    } else {
      try value.encode(to: self)
    }
  }

  /// An encoder for a value inside this one's container.
  func child(_ child: JSONNode, _ key: any CodingKey) -> ValueEncoder {
    ValueEncoder(node: child, codingPath: codingPath + [key], keyStyle: keyStyle)
  }
}

/// A dictionary that becomes an object, with its members sorted by key.
protocol StringKeyedDictionary {
  func encodeSorted(into encoder: ValueEncoder) throws
}

extension Dictionary: StringKeyedDictionary where Key == String, Value: Encodable {
  func encodeSorted(into encoder: ValueEncoder) throws {
    encoder.node.become(.object)
    for (key, value) in self.sorted(by: { $0.key < $1.key }) {
      let child = encoder.node.member(key)
      try encoder.child(child, NameKey(key)).encodeValue(value)
    }
  }
}

/// A key made of a name or an index.
struct NameKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(_ name: String) { (stringValue, intValue) = (name, nil) }
  init(index: Int) { (stringValue, intValue) = ("\(index)", index) }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { self.init(index: intValue) }
}

extension OrderedJSONEncoder.KeyStyle {
  func name(of key: any CodingKey) -> String {
    switch self {
    case .verbatim: key.stringValue
    case .snakeCase: OrderedJSONEncoder.KeyStyle.snakeCase(key.stringValue)
    }
  }

  /// A word begins at a capital that follows a small letter or a digit, and at the last of several capitals that a
  /// small letter follows: `modelURLPath` is `model_url_path`.
  private static func snakeCase(_ name: String) -> String {
    let characters = Array(name)
    var result = ""
    for (index, character) in characters.enumerated() {
      if character.isUppercase, index > 0, characters[index - 1] != "_" {
        let followsSmall = !characters[index - 1].isUppercase
        let precedesSmall = index + 1 < characters.count && characters[index + 1].isLowercase
        if followsSmall || precedesSmall { result.append("_") }
      }
      result += character.lowercased()
    }
    return result
  }
}
