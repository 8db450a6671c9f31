// The three containers of `Encoder`. Values all go through `ValueEncoder.encodeValue`, which knows scalars.

struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: JSONNode
  let codingPath: [any CodingKey]
  let keyStyle: OrderedJSONEncoder.KeyStyle

  private func member(_ key: any CodingKey) -> ValueEncoder {
    ValueEncoder(
      node: node.member(keyStyle.name(of: key)), codingPath: codingPath + [key], keyStyle: keyStyle)
  }

  func encodeNil(forKey key: Key) { member(key).node.set(Array("null".utf8)) }

  func encode(_ value: some Encodable, forKey key: Key) throws { try member(key).encodeValue(value) }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy keyType: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> { member(key).container(keyedBy: keyType) }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    member(key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { member(NameKey("super")) }

  func superEncoder(forKey key: Key) -> any Encoder { member(key) }
}

struct UnkeyedContainer: UnkeyedEncodingContainer {
  let node: JSONNode
  let codingPath: [any CodingKey]
  let keyStyle: OrderedJSONEncoder.KeyStyle

  var count: Int { node.elementCount }

  private func encoder(for node: JSONNode) -> ValueEncoder {
    ValueEncoder(node: node, codingPath: codingPath + [NameKey(index: count)], keyStyle: keyStyle)
  }

  func encodeNil() { node.append(Array("null".utf8)) }

  func encode(_ value: some Encodable) throws {
    if let scalar = value as? any JSONScalar {
      node.append(try scalar.json(at: codingPath + [NameKey(index: count)]))
      return
    }
    // What is encoded by one call is complete when it returns, and can be kept as text.
    let element = JSONNode(depth: node.depth + 1)
    try encoder(for: element).encodeValue(value)
    var text: [UInt8] = []
    try element.write(to: &text)
    node.append(text)
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy keyType: NestedKey.Type
  ) -> KeyedEncodingContainer<NestedKey> { encoder(for: node.element()).container(keyedBy: keyType) }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    encoder(for: node.element()).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { encoder(for: node.element()) }
}

struct SingleValueContainer: SingleValueEncodingContainer {
  let node: JSONNode
  let codingPath: [any CodingKey]
  let keyStyle: OrderedJSONEncoder.KeyStyle

  func encodeNil() { node.set(Array("null".utf8)) }

  func encode(_ value: some Encodable) throws {
    try ValueEncoder(node: node, codingPath: codingPath, keyStyle: keyStyle).encodeValue(value)
  }
}
