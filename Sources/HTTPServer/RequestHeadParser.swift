import HTTPTypes

/// Request line and header fields, a line at a time (RFC 9112, sections 3 and 5; RFC 9110, section 5).
struct RequestHeadParser: Sendable {
  /// Bytes that the rest of the head may have, line ends included.
  private(set) var remaining: Int

  private let limits: RequestLimits
  private var method = HTTPRequest.Method.get
  private var target = RequestTarget.root
  private var isHTTP10 = false
  private var fields = HTTPFields()

  init(limits: RequestLimits) {
    self.limits = limits
    remaining = limits.fields
  }

  /// Begins a head with its request line.
  mutating func begin(_ line: ArraySlice<UInt8>) throws(HTTPError) {
    // Exactly one space between the three parts.
    let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .malformed("the request line is not method, target and version") }
    isHTTP10 = try version(parts[2])
    guard let methodText = String(validating: parts[0], as: UTF8.self),
      let method = HTTPRequest.Method(rawValue: methodText)
    else { throw .malformed("the method is not a token") }
    self.method = method
    target = try RequestTarget(parts[1], method: method)
    fields = HTTPFields()
    remaining = limits.fields
  }

  mutating func add(_ line: ArraySlice<UInt8>) throws(HTTPError) {
    remaining -= line.count + 2
    guard fields.count < limits.fieldCount else { throw .fieldsTooLarge(limit: limits.fields) }
    fields.append(try HTTPField(line: line))
  }

  /// Checks what only the whole head shows.
  func finish() throws(HTTPError) -> (RequestHead, expectsContinue: Bool) {
    // RFC 9112, section 3.2: exactly one, of the form of an authority.
    let hosts = fields[values: .host]
    if let host = hosts.first {
      guard hosts.count == 1 else { throw .malformed("Host is there twice") }
      guard RequestTarget.isAuthority(host.utf8) else { throw .malformed("Host is not a host and port") }
    } else if !isHTTP10 {
      throw .malformed("Host is missing")
    }
    let head = RequestHead(method: method, target: target, isHTTP10: isHTTP10, fields: fields)
    return (head, try expectsContinue)
  }

  /// RFC 9110, section 10.1.1.
  private var expectsContinue: Bool {
    get throws(HTTPError) {
      let expectations = fields[values: .expect]
      guard !expectations.isEmpty, !isHTTP10 else { return false }
      guard expectations.count == 1, expectations[0].lowercased() == "100-continue" else {
        throw .unsupportedExpectation
      }
      return true
    }
  }

  private func version(_ bytes: ArraySlice<UInt8>) throws(HTTPError) -> Bool {
    if bytes.elementsEqual("HTTP/1.1".utf8) { return false }
    if bytes.elementsEqual("HTTP/1.0".utf8) { return true }
    let isVersion =
      bytes.count == 8 && bytes.starts(with: "HTTP/".utf8) && bytes[bytes.startIndex + 6] == UInt8(ascii: ".")
      && [5, 7].allSatisfy { (0x30...0x39).contains(bytes[bytes.startIndex + $0]) }
    throw isVersion ? .unsupportedVersion : .malformed("the version is not HTTP/1.1")
  }
}

extension HTTPField {
  /// Takes one line of a head, a trailer or a part, without its line end.
  init(line: ArraySlice<UInt8>) throws(HTTPError) {
    // RFC 9112, section 5.2: a line that begins with white space continued the one before, once.
    guard let first = line.first, first != 0x20, first != 0x09 else {
      throw .malformed("a folded header field")
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
      throw .malformed("a header field without a colon")
    }
    // Section 5.1: no white space between name and colon; a token has none.
    guard let nameText = String(validating: line[..<colon], as: UTF8.self),
      let name = HTTPField.Name(nameText)
    else {
      throw .malformed("a header field whose name is not a token")
    }
    let value = line[(colon + 1)...].trimmingWhiteSpace()
    guard value.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
      throw .malformed("a control character in a header field")
    }
    self.init(name: name, value: String(decoding: value, as: UTF8.self))
  }
}

extension HTTPField.Name {
  /// HTTP/2 made this a pseudo field, so the library has no name for it.
  static let host = HTTPField.Name("Host")!  // a token, as the type asks
}

extension ArraySlice<UInt8> {
  func trimmingWhiteSpace() -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) })
    else {
      return self[endIndex...]
    }
    return self[first...last]
  }
}

/// tchar of RFC 9110, section 5.6.2.
func isTokenCharacter(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}
