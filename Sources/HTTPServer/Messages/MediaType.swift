/// The value of a Content-Type field or of another field with parameters (RFC 9110, section 5.6.6), such as
/// `multipart/form-data; boundary="a b"`.
package struct MediaType: Sendable, Equatable {
  /// `image/jpeg`, or `form-data` in a Content-Disposition; in lower case.
  package let name: String
  /// In their order, with names in lower case.
  package let parameters: [RequestTarget.Parameter]

  /// `nil` if `text` does not have this form or repeats a parameter.
  package init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    let name = rest.popPrefix { isTokenCharacter($0) || $0 == UInt8(ascii: "/") }
    guard !name.isEmpty else { return nil }
    var parameters: [RequestTarget.Parameter] = []
    rest.popBlanks()
    while rest.popFirst(UInt8(ascii: ";")) {
      rest.popBlanks()
      let key = rest.popPrefix(while: isTokenCharacter)
      // Empty parameters are allowed, as in `a/b;;c=d;`.
      if key.isEmpty { continue }
      // Blanks around the sign are not allowed, and sent.
      rest.popBlanks()
      guard rest.popFirst(UInt8(ascii: "=")) else { return nil }
      rest.popBlanks()
      guard let value = rest.popTokenOrQuotedString() else { return nil }
      let lowercased = String(decoding: key, as: UTF8.self).asciiLowercased
      guard !parameters.contains(where: { $0.name == lowercased }) else { return nil }
      parameters.append(.init(name: lowercased, value: String(decoding: value, as: UTF8.self)))
      rest.popBlanks()
    }
    guard rest.isEmpty else { return nil }
    self.name = String(decoding: name, as: UTF8.self).asciiLowercased
    self.parameters = parameters
  }

  package subscript(_ parameter: String) -> String? {
    parameters.first { $0.name == parameter }?.value
  }
}

extension ArraySlice<UInt8> {
  fileprivate mutating func popPrefix(while belongs: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let taken = prefix(while: belongs)
    self = self[taken.endIndex...]
    return taken
  }

  fileprivate mutating func popBlanks() { _ = popPrefix { $0 == 0x20 || $0 == 0x09 } }

  fileprivate mutating func popFirst(_ byte: UInt8) -> Bool {
    guard first == byte else { return false }
    removeFirst()
    return true
  }

  fileprivate mutating func popTokenOrQuotedString() -> [UInt8]? {
    guard popFirst(UInt8(ascii: "\"")) else {
      // Not only a token: clients do not quote boundaries such as `===17=:3===`.
      let token = popPrefix { $0 > 0x20 && $0 != 0x7F && !";,\"".utf8.contains($0) }
      return token.isEmpty ? nil : Array(token)
    }
    var value: [UInt8] = []
    while let byte = popFirst() {
      if byte == UInt8(ascii: "\"") { return value }
      // A backslash quotes the next octet.
      guard byte == UInt8(ascii: "\\") else {
        value.append(byte)
        continue
      }
      guard let quoted = popFirst() else { return nil }
      value.append(quoted)
    }
    return nil
  }
}
