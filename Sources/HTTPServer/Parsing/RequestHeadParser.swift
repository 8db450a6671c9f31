import HTTPTypes

/// Parses a request line and header fields, one line at a time (RFC 9112, sections 3 and 5; RFC 9110, section 5).
struct RequestHeadParser: Sendable {
  /// Maximum size of the rest of the head in bytes, line ends included.
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

  /// Starts a new head with its request line.
  mutating func begin(_ line: ArraySlice<UInt8>) throws(HTTPError) {
    // Exactly one space separates the three parts.
    let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .malformed(.requestLine) }
    isHTTP10 = try version(parts[2])
    guard let methodText = String(validating: parts[0], as: UTF8.self),
      let method = HTTPRequest.Method(rawValue: methodText)
    else { throw .malformed(.method) }
    self.method = method
    target = try RequestTarget(parts[1], method: method)
    fields = HTTPFields()
    remaining = limits.fields
  }

  /// Adds a header field.
  mutating func add(_ line: ArraySlice<UInt8>) throws(HTTPError) {
    remaining -= line.count + 2
    guard fields.count < limits.fieldCount else { throw .fieldsTooLarge(limit: limits.fields) }
    fields.append(try HTTPField(line: line))
  }

  var partialHead: RequestHead {
    RequestHead(method: method, target: target, isHTTP10: isHTTP10, fields: fields)
  }

  /// Validates the head as a whole.
  func finish() throws(HTTPError) -> (RequestHead, expectsContinue: Bool) {
    // RFC 9112, section 3.2: exactly one Host, which is an authority.
    let hosts = fields[values: .host]
    if let host = hosts.first {
      guard hosts.count == 1 else { throw .malformed(.repeatedHost) }
      guard RequestTarget.isAuthority(host.utf8) else { throw .malformed(.invalidHost) }
    } else if !isHTTP10 {
      throw .malformed(.missingHost)
    }
    return (partialHead, try expectsContinue)
  }

  /// RFC 9110, section 10.1.1.
  private var expectsContinue: Bool {
    get throws(HTTPError) {
      let expectations = fields[values: .expect]
      guard !expectations.isEmpty, !isHTTP10 else { return false }
      guard expectations.count == 1, expectations[0].isEqualIgnoringASCIICase("100-continue") else {
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
      && [5, 7].allSatisfy { isDigit(bytes[bytes.startIndex + $0]) }
    throw isVersion ? .unsupportedVersion : .malformed(.version)
  }
}

extension HTTPField {
  /// Parses one line of a head, a trailer or a multipart part, without its line end.
  init(line: ArraySlice<UInt8>) throws(HTTPError) {
    // RFC 9112, section 5.2: a line that begins with whitespace is an obsolete line folding.
    guard let first = line.first, first != 0x20, first != 0x09 else {
      throw .malformed(.foldedField)
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
      throw .malformed(.fieldWithoutColon)
    }
    // Section 5.1: no whitespace between name and colon; a token contains none.
    guard let nameText = String(validating: line[..<colon], as: UTF8.self),
      let name = HTTPField.Name(nameText)
    else {
      throw .malformed(.fieldName)
    }
    let value = line[(colon + 1)...].trimmingWhitespace()
    guard value.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
      throw .malformed(.fieldValue)
    }
    self.init(name: name, value: String(decoding: value, as: UTF8.self))
  }
}

extension HTTPField.Name {
  /// HTTPTypes has no name for this field because HTTP/2 replaced it by a pseudo-header.
  static let host = HTTPField.Name("Host")!  // a valid token
}
