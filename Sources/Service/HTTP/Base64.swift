import FoundationCompatibility
import HTTPServer

/// Base64 as clients write it (RFC 4648, sections 4 and 5): with line breaks and blanks, in the alphabet of URLs, and without
/// padding. Also in a data URI (RFC 2397).
package enum Base64 {
  package enum Invalid: Error, Equatable, Sendable {
    case notBase64
    /// A data URI without `;base64,`.
    case dataURI
  }

  /// Of the parameters of a data URI, in bytes.
  private static let maxHeaderLength = 1024
  private static let (blank, padding, invalid): (UInt8, UInt8, UInt8) = (64, 65, 255)

  /// The value of each byte: 0 to 63, or one of those above.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: invalid, count: 256)
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, digit) in digits.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
    (values[Int(UInt8(ascii: "-"))], values[Int(UInt8(ascii: "_"))]) = (62, 63)
    for byte in [0x09, 0x0A, 0x0D, 0x20] { values[byte] = blank }
    values[Int(UInt8(ascii: "="))] = padding
    return values
  }()

  package static func decode(_ text: ArraySlice<UInt8>) throws(Invalid) -> [UInt8] {
    let digits = try payload(of: text)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 4 * 3 + 3)
    var (bits, count): (UInt32, Int) = (0, 0)
    var hasEnded = false
    for digit in digits {
      let value = values[Int(digit)]
      if value < 64 {
        guard !hasEnded else { throw .notBase64 }
        bits = bits << 6 | UInt32(value)
        count += 1
        guard count == 4 else { continue }
        bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits))
        (bits, count) = (0, 0)
      } else if value == padding {
        hasEnded = true
      } else if value == invalid {
        throw .notBase64
      }
    }
    switch count {
    case 0: break
    case 2: bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
    case 3:
      bytes.append(UInt8(truncatingIfNeeded: bits >> 10))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 2))
    default: throw .notBase64
    }
    return bytes
  }

  /// The digits of a data URI, or all of `text`.
  private static func payload(of text: ArraySlice<UInt8>) throws(Invalid) -> ArraySlice<UInt8> {
    let text = text.drop { values[Int($0)] == blank }
    guard String(decoding: text.prefix(5), as: UTF8.self).isEqualIgnoringASCIICase("data:") else {
      return text
    }
    // `;base64` is the last parameter, but clients put others behind it. A name may have a comma: `name=a, b.jpg`.
    let head = text.prefix(maxHeaderLength)
    let commas = head.indices.filter { head[$0] == UInt8(ascii: ",") }.prefix(8)
    func parameters(before comma: Int) -> [ArraySlice<UInt8>] {
      Array(head[..<comma].split(separator: UInt8(ascii: ";")).dropFirst())
    }
    if let comma = commas.first(where: { parameters(before: $0).last.map(isMarker) == true }) {
      return text[(comma + 1)...]
    }
    guard let comma = commas.first, parameters(before: comma).contains(where: isMarker) else {
      throw .dataURI
    }
    return text[(comma + 1)...]
  }

  /// Whether a parameter of a data URI is `base64`.
  private static func isMarker(_ parameter: ArraySlice<UInt8>) -> Bool {
    String(decoding: parameter, as: UTF8.self).filter { $0 != " " }.isEqualIgnoringASCIICase("base64")
  }

  static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
