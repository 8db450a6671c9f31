import Engine

/// How numbers are stored in a file. All become float32.
enum ElementType: String, Sendable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case int8 = "I8"
  case uint8 = "U8"
  case bool = "BOOL"

  var size: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Reads little-endian numbers of this type.
  func floats(_ bytes: ArraySlice<UInt8>) -> [Float] {
    let count = bytes.count / size
    return bytes.withUnsafeBytes { raw in
      func each<Number>(_ type: Number.Type, _ convert: (Number) -> Float) -> [Float] {
        (0..<count).map { convert(raw.loadUnaligned(fromByteOffset: $0 * size, as: type)) }
      }
      switch self {
      case .float64: return each(UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
      case .float32: return each(UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
      case .float16: return each(UInt16.self) { Float(halfBits: UInt16(littleEndian: $0)) }
      case .bfloat16: return each(UInt16.self) { Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16) }
      case .int64: return each(Int64.self) { Float(Int64(littleEndian: $0)) }
      case .int32: return each(Int32.self) { Float(Int32(littleEndian: $0)) }
      case .int16: return each(Int16.self) { Float(Int16(littleEndian: $0)) }
      case .uint64: return each(UInt64.self) { Float(UInt64(littleEndian: $0)) }
      case .uint32: return each(UInt32.self) { Float(UInt32(littleEndian: $0)) }
      case .uint16: return each(UInt16.self) { Float(UInt16(littleEndian: $0)) }
      case .int8: return each(Int8.self) { Float($0) }
      case .uint8: return each(UInt8.self) { Float($0) }
      case .bool: return each(UInt8.self) { $0 == 0 ? 0 : 1 }
      }
    }
  }

  /// Reads little-endian numbers of an integer type.
  func integers(_ bytes: ArraySlice<UInt8>) -> [Int] {
    let count = bytes.count / size
    return bytes.withUnsafeBytes { raw in
      func each<Number: FixedWidthInteger>(_ type: Number.Type) -> [Int] {
        (0..<count).map {
          Int(clamping: Number(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * size, as: type)))
        }
      }
      switch self {
      case .int64: return each(Int64.self)
      case .uint64: return each(UInt64.self)
      case .int32: return each(Int32.self)
      case .uint32: return each(UInt32.self)
      case .int16: return each(Int16.self)
      case .uint16: return each(UInt16.self)
      case .int8: return each(Int8.self)
      case .uint8, .bool: return each(UInt8.self)
      case .float64, .float32, .float16, .bfloat16:
        return floats(bytes).map { Int(exactly: $0.rounded()) ?? 0 }
      }
    }
  }
}

extension Float {
  /// IEEE 754 binary16. Written out because `Float16` is not there on every Mac.
  init(halfBits bits: UInt16) {
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Float(bits & 0x3FF)
    switch exponent {
    case 0: self = sign * fraction * 0x1p-24
    case 31: self = fraction == 0 ? sign * .infinity : .nan
    default: self = sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
    }
  }
}

/// Multiplies a shape out, refusing negative lengths and products that no file can hold.
func elementCount(_ shape: [Int], what: String) throws(CheckpointError) -> Int {
  var count = 1
  for length in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: length)
    guard length >= 0, !overflow, product < 1 << 40 else {
      throw .malformed(what: what, reason: "shape \(shape)")
    }
    count = product
  }
  return count
}
