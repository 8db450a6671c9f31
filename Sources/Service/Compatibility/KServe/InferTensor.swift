/// An input tensor: its description, and its elements unless they follow the JSON as bytes.
struct InferTensor: Sendable {
  /// The protocol's data types that images can have.
  enum Datatype: String, Sendable, CaseIterable {
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
  let parameters: InferDocument.Parameters
  private(set) var elements: Elements?

  /// Sizes of a shape at most; images have four.
  private static let maxDimensions = 8

  /// The number of elements that the shape announces; `nil` for negative sizes and overflow.
  var elementCount: Int? {
    shape.reduce(1) { product, size in
      guard let product, size >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      return overflow ? nil : next
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
      let values = bytes.withUnsafeBytes { raw in
        (0..<raw.count / 4).map {
          Float(
            bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
        }
      }
      // A number that is not finite would spread through the network and give results without meaning.
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw .invalidBody(
          "Element \(index) of input '\(name)' is \(values[index]); expected finite numbers.")
      }
      elements = .fp32(values)
    case .bytes:
      var elements: [[UInt8]] = []
      var rest = bytes
      while !rest.isEmpty {
        guard elements.count < DetectRequest.maxImages else {
          throw .tooManyImages(limit: DetectRequest.maxImages)
        }
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
}

// MARK: - JSON

extension InferTensor {
  init(_ reader: inout JSONReader) throws(Problem) {
    var (name, datatypeName): (String?, String?) = (nil, nil)
    var shape: [Int]?
    var parameters: InferDocument.Parameters = [:]
    // The datatype, which decides how elements are read, may come after them.
    var data: JSONReader?
    try reader.object { reader, member throws(Problem) in
      switch member {
      // Names and types are quoted in many messages.
      case "name": name = try reader.string().excerpt
      case "datatype": datatypeName = try reader.string()
      case "shape": shape = try InferTensor.shape(&reader)
      case "parameters": parameters = try InferDocument.parameters(&reader)
      case "data":
        data = reader
        try reader.skip()
      default: try reader.skip()
      }
    }
    guard let name, let datatypeName, let shape else {
      throw .invalidBody("An input of the JSON needs name, shape and datatype.")
    }
    guard let datatype = Datatype(rawValue: datatypeName) else {
      let known = Datatype.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalidBody("Input '\(name)' is \(datatypeName.excerpt); expected one of \(known).")
    }
    self.init(name: name, shape: shape, datatype: datatype, parameters: parameters, elements: nil)
    if var data { try readElements(&data) }
  }

  private static func shape(_ reader: inout JSONReader) throws(Problem) -> [Int] {
    var shape: [Int] = []
    try reader.array { reader, index throws(Problem) in
      guard index < maxDimensions, let size = Int(exactly: try reader.number()) else {
        throw .invalidBody("A shape of the JSON is not a list of at most \(maxDimensions) integers.")
      }
      shape.append(size)
    }
    return shape
  }

  /// Reads elements from arrays that may be nested, which the protocol allows.
  private mutating func readElements(_ data: inout JSONReader) throws(Problem) {
    guard let count = elementCount else {
      throw .invalidBody("Input '\(name)' has the impossible shape \(shape).")
    }
    // Each element takes two bytes at least, whatever the shape announces.
    let capacity = min(count, data.remainingCount / 2)
    switch datatype {
    case .uint8:
      var values: [UInt8] = []
      values.reserveCapacity(capacity)
      try eachElement(&data, count) { reader throws(Problem) in
        let number = try reader.number()
        guard let value = UInt8(exactly: number) else {
          throw .invalidBody("The data of input '\(name)' has \(number); expected integers from 0 to 255.")
        }
        values.append(value)
      }
      elements = .uint8(values)
    case .fp32:
      var values: [Float] = []
      values.reserveCapacity(capacity)
      try eachElement(&data, count) { reader throws(Problem) in
        let value = Float(try reader.number())
        guard value.isFinite else {
          throw .invalidBody("Element \(values.count) of input '\(name)' is too large for FP32.")
        }
        values.append(value)
      }
      elements = .fp32(values)
    case .bytes:
      var values: [[UInt8]] = []
      try eachElement(&data, count) { reader throws(Problem) in
        guard values.count < DetectRequest.maxImages else {
          throw .tooManyImages(limit: DetectRequest.maxImages)
        }
        // JSON has no byte strings, so images are base64.
        let text = try reader.stringBytes()
        guard let bytes = try? Base64.decode(text) else {
          throw .invalidBody(
            "Input '\(name)' has a string that is not base64; send images as base64 or as binary data.")
        }
        values.append(bytes)
      }
      elements = .bytes(values)
    }
  }

  private func eachElement(
    _ data: inout JSONReader, _ limit: Int, _ read: (inout JSONReader) throws(Problem) -> Void
  ) throws(Problem) {
    var count = 0
    try eachElement(&data, limit, &count, read)
  }

  private func eachElement(
    _ data: inout JSONReader, _ limit: Int, _ count: inout Int,
    _ read: (inout JSONReader) throws(Problem) -> Void
  ) throws(Problem) {
    try data.array { reader, _ throws(Problem) in
      if try reader.kind() == .array {
        try eachElement(&reader, limit, &count, read)
      } else {
        guard count < limit else {
          throw .invalidBody("Input '\(name)' has more elements than its shape \(shape).")
        }
        count += 1
        try read(&reader)
      }
    }
  }
}
