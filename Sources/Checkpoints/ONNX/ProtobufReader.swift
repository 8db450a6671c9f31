/// Walks the fields of one protocol buffer message (protobuf.dev/programming-guides/encoding).
struct ProtobufReader {
  enum Field {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private var reader: ByteReader
  private let what: String

  init(_ bytes: ArraySlice<UInt8>, what: String) {
    reader = ByteReader(bytes, what: what)
    self.what = what
  }

  /// The next field and its number, or `nil` at the end.
  mutating func next() throws(CheckpointError) -> (number: Int, field: Field)? {
    guard !reader.isAtEnd else { return nil }
    let tag = try varint()
    let number = Int(truncatingIfNeeded: tag >> 3)
    switch tag & 7 {
    case 0: return (number, .number(try varint()))
    case 1: return (number, .number(try reader.integer(UInt64.self)))
    case 2:
      guard let length = Int(exactly: try varint()) else {
        throw .malformed(what: what, reason: "a length beyond all files")
      }
      return (number, .bytes(try reader.take(length)))
    case 5: return (number, .number(UInt64(try reader.integer(UInt32.self))))
    default: throw .malformed(what: what, reason: "wire type \(tag & 7)")
    }
  }

  mutating func varint() throws(CheckpointError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      let byte = try reader.byte()
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw .malformed(what: what, reason: "a number of more than ten bytes")
  }

  var isAtEnd: Bool { reader.isAtEnd }
}

extension ProtobufReader.Field {
  /// Several numbers, packed or (one at a time) not.
  func integers(_ what: String) throws(CheckpointError) -> [Int] {
    switch self {
    case .number(let value): return [Int(truncatingIfNeeded: value)]
    case .bytes(let packed):
      var reader = ProtobufReader(packed, what: what)
      var values: [Int] = []
      while !reader.isAtEnd { values.append(Int(truncatingIfNeeded: try reader.varint())) }
      return values
    }
  }

  /// Several float32, packed or (one at a time) not.
  func floats(_ what: String) throws(CheckpointError) -> [Float] {
    switch self {
    case .number(let bits): [Float(bitPattern: UInt32(truncatingIfNeeded: bits))]
    case .bytes(let packed): ElementType.float32.floats(packed)
    }
  }

  func text(_ what: String) throws(CheckpointError) -> String {
    guard case .bytes(let bytes) = self else {
      throw .malformed(what: what, reason: "a number where text belongs")
    }
    return try CheckpointError.text(bytes, what)
  }

  func message(_ what: String) throws(CheckpointError) -> ArraySlice<UInt8> {
    guard case .bytes(let bytes) = self else {
      throw .malformed(what: what, reason: "a number where a message belongs")
    }
    return bytes
  }
}
