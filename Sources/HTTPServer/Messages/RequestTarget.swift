import HTTPTypes

/// The target of a request line (RFC 9112, section 3.2): the path, percent-decoded once, and the query parameters.
package struct RequestTarget: Sendable, Equatable {
  package struct Parameter: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package internal(set) var path: String
  package let query: [Parameter]

  static let root = RequestTarget(path: "/", query: [])

  private init(path: String, query: [Parameter]) {
    self.path = path
    self.query = query
  }

  /// Parses `/path?query` and `http://host/path?query`; `*` with OPTIONS and `host:port` with CONNECT.
  init(_ bytes: ArraySlice<UInt8>, method: HTTPRequest.Method) throws(HTTPError) {
    // RFC 9112, section 3.2, and RFC 3986: no spaces, control characters, non-ASCII characters or fragments.
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
      throw .malformed(.targetCharacter)
    }
    if method == .connect {
      guard bytes.contains(UInt8(ascii: ":")), RequestTarget.isAuthority(bytes) else {
        throw .malformed(.connectTarget)
      }
      self.init(path: String(decoding: bytes, as: UTF8.self), query: [])
    } else if method == .options, bytes.elementsEqual("*".utf8) {
      self.init(path: "*", query: [])
    } else if bytes.first == UInt8(ascii: "/") {
      try self.init(origin: bytes)
    } else {
      try self.init(origin: RequestTarget.afterAuthority(bytes))
    }
  }

  private init(origin: ArraySlice<UInt8>) throws(HTTPError) {
    let question = origin.firstIndex(of: UInt8(ascii: "?"))
    let path = origin[..<(question ?? origin.endIndex)]
    try RequestTarget.requireUnambiguousEncoding(path)
    self.path = try path.isEmpty ? "/" : RequestTarget.decode(path, plusIsSpace: false)
    query =
      try question.map { at throws(HTTPError) in try RequestTarget.parameters(origin[(at + 1)...]) } ?? []
  }

  /// Rejects percent-encodings that make two spellings of one path: an encoded slash, which would become a separator, and
  /// encoded unreserved characters (RFC 3986, section 2.3: "should not be created by URI producers"). A proxy that matches
  /// paths without decoding them would otherwise pass `/%6Detrics` where it blocks `/metrics`.
  private static func requireUnambiguousEncoding(_ path: ArraySlice<UInt8>) throws(HTTPError) {
    var rest = path
    while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
      rest = rest[(percent + 1)...]
      // `decode` reports digits that are missing or invalid.
      guard let high = rest.popFirst().flatMap(hexadecimalDigit),
        let low = rest.popFirst().flatMap(hexadecimalDigit)
      else { return }
      let byte = high << 4 | low
      if byte == UInt8(ascii: "/") { throw .malformed(.encodedSlash) }
      if isAlphanumeric(byte) || "-._~".utf8.contains(byte) { throw .malformed(.encodedUnreserved) }
    }
  }

  /// The part after the authority of the absolute form, which clients send to proxies. The authority is ignored: the server
  /// has a single site.
  private static func afterAuthority(_ bytes: ArraySlice<UInt8>) throws(HTTPError) -> ArraySlice<UInt8> {
    let beginning = bytes.prefix(8).map(asciiLowercase)
    guard let scheme = ["http://", "https://"].first(where: { beginning.starts(with: $0.utf8) }) else {
      throw .malformed(.targetForm)
    }
    let rest = bytes.dropFirst(scheme.utf8.count)
    let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
    guard end > rest.startIndex, isAuthority(rest[..<end]) else {
      throw .malformed(.targetHost)
    }
    return rest[end...]
  }

  /// Whether `text` is `host[:port]` (RFC 3986, section 3.2). The host is a name, an IPv4 address, an IPv6 address in
  /// brackets, or empty. User information is not allowed (RFC 9110, section 4.2.4).
  static func isAuthority(_ text: some BidirectionalCollection<UInt8>) -> Bool {
    var rest = Array(text)[...]
    if rest.first == UInt8(ascii: "[") {
      guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { return false }
      let address = rest[1..<end]
      guard !address.isEmpty,
        address.allSatisfy({
          hexadecimalDigit($0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
        })
      else { return false }
      rest = rest[(end + 1)...]
    } else {
      let end = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
      guard rest[..<end].allSatisfy(isHostCharacter) else { return false }
      rest = rest[end...]
    }
    guard let colon = rest.popFirst() else { return true }
    return colon == UInt8(ascii: ":") && rest.count <= 5 && rest.allSatisfy(isDigit)
  }

  /// reg-name of RFC 3986, section 3.2.2.
  private static func isHostCharacter(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || "-._~%!$&'()*+,;=".utf8.contains(byte)
  }

  /// Parses `a=1&b=2`, percent-encoded, with `+` for a space.
  package static func parameters(_ text: ArraySlice<UInt8>) throws(HTTPError) -> [Parameter] {
    var parameters: [Parameter] = []
    for pair in text.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      parameters.append(
        Parameter(
          name: try decode(parts[0], plusIsSpace: true),
          value: parts.count > 1 ? try decode(parts[1], plusIsSpace: true) : ""))
    }
    return parameters
  }

  private static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) throws(HTTPError) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(hexadecimalDigit),
          let low = rest.popFirst().flatMap(hexadecimalDigit),
          high | low != 0
        else { throw .malformed(.percentEncoding) }
        bytes.append(high << 4 | low)
      // A form may contain it as it is.
      case 0: throw .malformed(.percentEncoding)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(.targetNotUTF8)
    }
    return decoded
  }
}
