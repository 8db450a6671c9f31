/// Reads TensorProto messages, counting what they unfold to: constants may share external data, but all of them together
/// are no more than a few copies of the files.
struct TensorReader {
  private let externalData: ExternalData
  private let fileSize: Int
  private var decodedBytes = 0
  /// Numbers of all tensors that were read.
  private(set) var numberCount = 0

  init(externalData: ExternalData, fileSize: Int) {
    self.externalData = externalData
    self.fileSize = fileSize
  }

  /// - Returns: no tensor for text and the like, which no network computes with.
  mutating func read(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) -> (String, NumericTensor?) {
    var reader = ProtobufReader(bytes, what: "ONNX tensor")
    var shape: [Int] = []
    var type: ElementType?
    var name = ""
    var raw: ArraySlice<UInt8>?
    var floats: [Float] = []
    var integers: [Int] = []
    var location: [String: String] = [:]
    var isExternal = false
    while let (number, field) = try reader.next() {
      switch number {
      case 1: shape += try field.integers("ONNX tensor")
      case 2: type = try TensorReader.elementTypes[field.integers("ONNX tensor").first ?? 0]
      case 4: floats += try field.floats("ONNX tensor")
      case 5, 7, 11: integers += try field.integers("ONNX tensor")
      case 8: name = try field.text("ONNX tensor")
      case 9: raw = try field.message("ONNX tensor")
      case 10:
        if case .bytes(let packed) = field { floats += ElementType.float64.floats(packed) }
      case 13:
        let (key, value) = try keyAndValue(field.message("ONNX tensor"), "ONNX tensor")
        location[key] = value
      // DataLocation: DEFAULT 0, EXTERNAL 1
      case 14: isExternal = try field.integers("ONNX tensor").first == 1
      default: break
      }
    }
    let what = "ONNX tensor '\(name)'"
    guard let type else { return (name, nil) }
    let count = try stridedCount(shape, what: what)
    if isExternal { raw = try externalData.bytes(of: location, count: count * type.size, what: what) }
    if let raw {
      guard raw.count == count * type.size else {
        throw .truncated(what: what, needed: count * type.size, available: raw.count)
      }
      decodedBytes += raw.count
      guard decodedBytes <= 2 * (fileSize + externalData.size) else {
        throw .malformed(what: what, reason: "the tensors together are far larger than the file")
      }
      numberCount += count
      return (name, NumericTensor(shape: shape, raw: raw, type: type))
    }
    if type == .float16 || type == .bfloat16 {
      // `int32_data` holds the bits of 16-bit floats.
      floats = integers.map { bits in
        type == .float16
          ? Float(halfBits: UInt16(truncatingIfNeeded: bits))
          : Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: bits)) << 16)
      }
    }
    let found = type.isFloat ? floats.count : integers.count
    guard found == count else { throw .truncated(what: what, needed: count, available: found) }
    numberCount += count
    let storage: NumericTensor.Storage = type.isFloat ? .floats(floats) : .integers(integers)
    return (name, NumericTensor(shape: shape, storage: storage, elementType: type))
  }

  /// TensorProto.DataType
  static let elementTypes: [Int: ElementType] = [
    1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16,
    11: .float64,
    12: .uint32, 13: .uint64, 16: .bfloat16,
  ]
}

extension ElementType {
  var isFloat: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }

  /// Integers that a quantisation to this type can store; `nil` for types that none has.
  var byteRange: ClosedRange<Int>? {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    default: nil
    }
  }
}

extension NumericTensor {
  fileprivate init(shape: [Int], raw: ArraySlice<UInt8>, type: ElementType) {
    let storage: NumericTensor.Storage =
      type.isFloat ? .floats(type.floats(raw)) : .integers(type.integers(raw))
    self.init(shape: shape, storage: storage, elementType: type)
  }
}
