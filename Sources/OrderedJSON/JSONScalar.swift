/// A value that is one JSON token.
protocol JSONScalar {
  func json(at codingPath: [any CodingKey]) throws -> [UInt8]
}

extension Bool: JSONScalar {
  func json(at codingPath: [any CodingKey]) -> [UInt8] { Array((self ? "true" : "false").utf8) }
}

extension String: JSONScalar {
  func json(at codingPath: [any CodingKey]) -> [UInt8] {
    var bytes: [UInt8] = []
    JSONText.append(self, to: &bytes)
    return bytes
  }
}

extension BinaryInteger where Self: JSONScalar {
  func json(at codingPath: [any CodingKey]) -> [UInt8] { Array(description.utf8) }
}

extension Int: JSONScalar {}
extension Int8: JSONScalar {}
extension Int16: JSONScalar {}
extension Int32: JSONScalar {}
extension Int64: JSONScalar {}
extension UInt: JSONScalar {}
extension UInt8: JSONScalar {}
extension UInt16: JSONScalar {}
extension UInt32: JSONScalar {}
extension UInt64: JSONScalar {}

extension BinaryFloatingPoint where Self: JSONScalar & LosslessStringConvertible {
  /// The shortest digits that read back as the same number of this type; `2`, not `2.0`.
  func json(at codingPath: [any CodingKey]) throws -> [UInt8] {
    guard isFinite else {
      throw EncodingError.invalidValue(
        self, .init(codingPath: codingPath, debugDescription: "JSON has no number \(description)"))
    }
    let digits = description
    return Array((digits.hasSuffix(".0") ? digits.dropLast(2) : digits[...]).utf8)
  }
}

extension Double: JSONScalar {}
extension Float: JSONScalar {}

enum JSONText {
  /// A string with its quotes (RFC 8259, section 7): only quotes, backslashes and control characters are escaped.
  static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x08: bytes += Array(#"\b"#.utf8)
      case 0x09: bytes += Array(#"\t"#.utf8)
      case 0x0A: bytes += Array(#"\n"#.utf8)
      case 0x0C: bytes += Array(#"\f"#.utf8)
      case 0x0D: bytes += Array(#"\r"#.utf8)
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        bytes += Array(#"\u00"#.utf8) + Array((digits.count < 2 ? "0" + digits : digits).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
