/// The Content-Disposition of a part of a form, read as leniently as clients write it: names without quotation marks but with
/// blanks, quotation marks inside names, backslashes of Windows paths, and `filename*` (RFC 8187).
///
///     form-data; name="image"; filename="my "dog".jpg"
struct FormDisposition {
  let name: String
  let fileName: String?

  /// `nil` if the text is no `form-data` with a name, or repeats a parameter.
  init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    let type = rest.prefix { $0 != UInt8(ascii: ";") }
    rest = rest[type.endIndex...].dropFirst()
    guard String(decoding: type.trimmingWhitespace(), as: UTF8.self).isEqualIgnoringASCIICase("form-data")
    else { return nil }
    var parameters: [String: [UInt8]] = [:]
    while !rest.isEmpty {
      let key = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
      rest = rest[key.endIndex...]
      let name = String(decoding: key.trimmingWhitespace(), as: UTF8.self).asciiLowercased
      guard rest.popFirst() == UInt8(ascii: "=") else { continue }
      guard let value = FormDisposition.popValue(&rest),
        parameters.updateValue(value, forKey: name) == nil
      else { return nil }
    }
    guard let name = parameters["name"] else { return nil }
    self.name = FormDisposition.unescaped(name)
    fileName =
      parameters["filename"].map(FormDisposition.unescaped)
      ?? parameters["filename*"].map(FormDisposition.extendedValue)
  }

  private static func popValue(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    guard rest.first == UInt8(ascii: "\"") else {
      let value = rest.prefix { $0 != UInt8(ascii: ";") }
      rest = rest[value.endIndex...].dropFirst()
      return Array(value.trimmingWhitespace())
    }
    rest.removeFirst()
    var value: [UInt8] = []
    while let byte = rest.popFirst() {
      let isEscape = byte == UInt8(ascii: "\\")
      if isEscape, rest.first == byte {
        rest.removeFirst()
      } else if isEscape, rest.first == UInt8(ascii: "\""), !isEnd(rest.dropFirst()) {
        rest.removeFirst()
        value.append(UInt8(ascii: "\""))
        continue
      } else if byte == UInt8(ascii: "\""), isEnd(rest) {
        rest = rest.drop { $0 != UInt8(ascii: ";") }.dropFirst()
        return value
      }
      value.append(byte)
    }
    return nil
  }

  /// Whether a quotation mark ends its value: nothing, or another parameter, follows.
  private static func isEnd(_ rest: ArraySlice<UInt8>) -> Bool {
    var rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    guard let byte = rest.popFirst() else { return true }
    guard byte == UInt8(ascii: ";") else { return false }
    rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    let key = rest.prefix(while: isTokenCharacter)
    return rest.isEmpty || (!key.isEmpty && rest[key.endIndex...].first == UInt8(ascii: "="))
  }

  /// Decodes the quotation marks and line ends in a name, which browsers percent-encode (HTML, section 4.10.21.8).
  private static func unescaped(_ name: [UInt8]) -> String {
    percentDecoded(name[...]) { [0x22, 0x0D, 0x0A].contains($0) }
  }

  /// `UTF-8''dog%20and%20cat.jpg`
  private static func extendedValue(_ value: [UInt8]) -> String {
    let parts = value.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    return percentDecoded(parts.last ?? value[...]) { _ in true }
  }

  private static func percentDecoded(_ text: ArraySlice<UInt8>, _ isEncoded: (UInt8) -> Bool) -> String {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%"), rest.count >= 2, let high = hexadecimalDigit(rest[rest.startIndex]),
        let low = hexadecimalDigit(rest[rest.startIndex + 1]), isEncoded(high << 4 | low)
      else {
        bytes.append(byte)
        continue
      }
      bytes.append(high << 4 | low)
      rest = rest.dropFirst(2)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
