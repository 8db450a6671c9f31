import FoundationCompatibility

/// Base64 (RFC 4648, section 4) with line breaks allowed, as images come in JSON.
enum Base64 {
  /// `nil` if `text` is not base64.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    let hasLines = text.contains { $0 == 0x0A || $0 == 0x0D }
    let digits = hasLines ? Data(text.filter { $0 != 0x0A && $0 != 0x0D }) : Data(text)
    return Data(base64Encoded: digits).map { [UInt8]($0) }
  }

  static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
