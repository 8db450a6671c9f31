import Engine

/// How numbers are stored in a file. All become float32.
package enum ElementType: String, Sendable {
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

extension ElementType {
  /// Types that weights can be written as, by the names that users give them.
  package static let writable: [String: ElementType] = [
    "f32": .float32, "f16": .float16, "bf16": .bfloat16,
  ]

  /// `values` as little-endian numbers of 16 bits, each rounded to the nearest, ties to even.
  ///
  /// - Returns: `nil` where a finite value is too large, or where this type is neither float16 nor bfloat16.
  func halfBytes(_ values: [Float]) -> [UInt8]? {
    guard self == .float16 || self == .bfloat16 else { return nil }
    let infinity: UInt16 = self == .float16 ? 0x7C00 : 0x7F80
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * 2)
    for value in values {
      let bits = self == .float16 ? value.halfBits : value.bfloat16Bits
      if value.isFinite, bits & 0x7FFF == infinity { return nil }
      bytes.append(UInt8(bits & 0xFF))
      bytes.append(UInt8(bits >> 8))
    }
    return bytes
  }
}

extension Float {
  /// bfloat16: the upper half of a float32.
  fileprivate var bfloat16Bits: UInt16 {
    if isNaN { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
    let odd = bitPattern >> 16 & 1
    return UInt16(truncatingIfNeeded: (bitPattern &+ 0x7FFF &+ odd) >> 16)
  }

  /// IEEE 754 binary16; infinity where the value is too large.
  fileprivate var halfBits: UInt16 {
    let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
    if isNaN { return sign | 0x7E00 }
    let size = magnitude
    // Halfway between the largest number, 65504, and the next power of two.
    if size >= 65520 { return sign | 0x7C00 }
    // Below 2^-14 numbers lie 2^-24 apart; above, there are 2^10 to each power of two. A carry into the exponent is
    // the right result.
    if size < 0x1p-14 { return sign | UInt16((size * 0x1p24).rounded(.toNearestOrEven)) }
    let exponent = Int(size.exponent)
    let scaled = (size * Float(sign: .plus, exponent: 10 - exponent, significand: 1)).rounded(
      .toNearestOrEven)
    return sign | (UInt16(exponent + 14) << 10 &+ UInt16(scaled))
  }

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

/// Multiplies a shape out. Rejects negative lengths, products that no file can hold and more dimensions than any tensor has.
func elementCount(_ shape: [Int], what: String) throws(CheckpointError) -> Int {
  guard shape.count <= 16 else { throw .malformed(what: what, reason: "\(shape.count) dimensions") }
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
