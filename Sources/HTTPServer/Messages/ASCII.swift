// The character classes that the grammars of HTTP and URIs share.

/// tchar of RFC 9110, section 5.6.2.
func isTokenCharacter(_ byte: UInt8) -> Bool {
  isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
}

func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}

/// Protocol tokens are ASCII, so only A to Z fold. `String.lowercased()` also folds characters such as U+212A, the Kelvin
/// sign, to ASCII letters; another party would then read the message differently.
func asciiLowercase(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

extension StringProtocol {
  /// Whether the text is `token`, which is in lower case, in any case of ASCII letters.
  package func isEqualIgnoringASCIICase(_ token: StaticString) -> Bool {
    token.withUTF8Buffer { utf8.lazy.map(asciiLowercase).elementsEqual($0) }
  }

  /// The text with the letters A to Z in lower case.
  package var asciiLowercased: String { String(decoding: utf8.lazy.map(asciiLowercase), as: UTF8.self) }
}

func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

extension Substring {
  /// Without the spaces and tabs at both ends.
  var trimmingBlanks: Substring {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    guard let first = utf8.firstIndex(where: { !isBlank($0) }),
      let last = utf8.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return self[first...last]
  }
}

extension ArraySlice<UInt8> {
  /// Without the spaces and tabs at both ends (OWS of RFC 9110, section 5.6.3).
  func trimmingWhitespace() -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) })
    else { return self[endIndex...] }
    return self[first...last]
  }
}
