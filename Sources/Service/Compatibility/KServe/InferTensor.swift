#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An input tensor: its description, and its elements unless they follow the JSON as bytes.
struct InferTensor: Decodable, Sendable {
  /// The protocol's data types that images can have.
  enum Datatype: String, Codable, Sendable, CaseIterable {
    /// Encoded images.
    case bytes = "BYTES"
    /// RGB pixels.
    case uint8 = "UINT8"
    /// The network's input.
    case fp32 = "FP32"
  }

  /// In row-major order.
  enum Elements: Sendable, Equatable {
    case bytes([[UInt8]])
    case uint8([UInt8])
    case fp32([Float])

    var count: Int {
      switch self {
      case .bytes(let elements): elements.count
      case .uint8(let elements): elements.count
      case .fp32(let elements): elements.count
      }
    }
  }

  let name: String
  let shape: [Int]
  let datatype: Datatype
  let parameters: [String: JSONValue]
  private(set) var elements: Elements?

  private enum CodingKeys: CodingKey { case name, shape, datatype, parameters, data }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    shape = try container.decode([Int].self, forKey: .shape)
    let type = try container.decode(String.self, forKey: .datatype)
    guard let datatype = Datatype(rawValue: type) else {
      let known = Datatype.allCases.map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        forKey: .datatype, in: container,
        debugDescription: "input '\(name)' is \(type); expected one of \(known)")
    }
    self.datatype = datatype
    parameters = try container.decodeIfPresent([String: JSONValue].self, forKey: .parameters) ?? [:]
    guard container.contains(.data) else { return }
    switch datatype {
    case .uint8: elements = .uint8(try InferTensor.flat(container))
    case .fp32: elements = .fp32(try InferTensor.flat(container))
    case .bytes:
      // JSON has no byte strings, so images are base64.
      let texts: [String] = try InferTensor.flat(container)
      elements = .bytes(
        try texts.map { text in
          guard let data = Data(base64Encoded: text) else {
            throw DecodingError.dataCorruptedError(
              forKey: .data, in: container,
              debugDescription:
                "input '\(name)' has a string that is not base64; send images as base64 or as binary data")
          }
          return [UInt8](data)
        })
    }
  }

  /// How many bytes after the JSON are this tensor's; `nil` if its elements are in the JSON.
  var binarySize: Int? { parameters["binary_data_size"]?.number.flatMap(Int.init(exactly:)) }

  /// Sets the elements from `bytes`: little-endian numbers, or for BYTES each element's length in 4 bytes followed by the
  /// element.
  mutating func setElements(_ bytes: ArraySlice<UInt8>) throws(Problem) {
    switch datatype {
    case .uint8: elements = .uint8(Array(bytes))
    case .fp32:
      guard bytes.count.isMultiple(of: 4) else {
        throw .invalidBody(
          "The \(bytes.count) bytes of input '\(name)' are not a multiple of 4, the size of FP32.")
      }
      elements = .fp32(
        bytes.withUnsafeBytes { raw in
          (0..<raw.count / 4).map {
            Float(
              bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
          }
        })
    case .bytes:
      var elements: [[UInt8]] = []
      var rest = bytes
      while !rest.isEmpty {
        let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= 4, length <= rest.count - 4 else {
          throw .invalidBody("The bytes of input '\(name)' end within an element.")
        }
        elements.append(Array(rest.dropFirst(4).prefix(length)))
        rest = rest.dropFirst(4 + length)
      }
      self.elements = .bytes(elements)
    }
  }

  /// Flattens nested arrays, which the protocol allows as well.
  private static func flat<Element: Decodable>(_ container: KeyedDecodingContainer<CodingKeys>) throws
    -> [Element]
  {
    if let elements = try? container.decode([Element].self, forKey: .data) { return elements }
    var nested = try container.nestedUnkeyedContainer(forKey: .data)
    return try flat(&nested)
  }

  private static func flat<Element: Decodable>(_ list: inout any UnkeyedDecodingContainer) throws -> [Element]
  {
    var elements: [Element] = []
    while !list.isAtEnd {
      if let row = try? list.decode([Element].self) {
        elements += row
      } else if let element = try? list.decode(Element.self) {
        elements.append(element)
      } else {
        var nested = try list.nestedUnkeyedContainer()
        elements += try flat(&nested)
      }
    }
    return elements
  }
}
