import HTTPTypes

/// What a request line asks for (RFC 9112, section 3.2): the path, percent-decoded once, and the query's parameters.
package struct RequestTarget: Sendable, Equatable {
  package struct Parameter: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package let path: String
  package let query: [Parameter]

  static let root = RequestTarget(path: "/", query: [])

  private init(path: String, query: [Parameter]) {
    self.path = path
    self.query = query
  }

  /// Takes `/path?query` and `http://host/path?query`; `*` with OPTIONS, `host:port` with CONNECT.
  init(_ bytes: ArraySlice<UInt8>, method: HTTPRequest.Method) throws(HTTPError) {
    // Section 3.2 with RFC 3986: no spaces, controls, non-ASCII or fragments in a target.
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
      throw .malformed("the request target has a character that does not belong there")
    }
    if method == .connect {
      guard bytes.contains(UInt8(ascii: ":")), RequestTarget.isAuthority(bytes) else {
        throw .malformed("the target of CONNECT is not a host and port")
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
    self.path = try path.isEmpty ? "/" : RequestTarget.decode(path, plusIsSpace: false)
    query =
      try question.map { at throws(HTTPError) in try RequestTarget.parameters(origin[(at + 1)...]) } ?? []
  }

  /// What follows the host in the absolute form, as proxies send it. Its authority stands in for Host's, and this server
  /// has one site only.
  private static func afterAuthority(_ bytes: ArraySlice<UInt8>) throws(HTTPError) -> ArraySlice<UInt8> {
    let beginning = String(decoding: bytes.prefix(8), as: UTF8.self).lowercased()
    guard let scheme = ["http://", "https://"].first(where: beginning.hasPrefix) else {
      throw .malformed("the request target is neither a path nor an http address")
    }
    let rest = bytes.dropFirst(scheme.utf8.count)
    let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
    guard end > rest.startIndex, isAuthority(rest[..<end]) else {
      throw .malformed("the request target's host is not a host and port")
    }
    return rest[end...]
  }

  /// `host[:port]` (RFC 3986, section 3.2), where the host is a name, an IPv4 address or an IPv6 address in brackets, or
  /// nothing. User information has no place in HTTP (RFC 9110, section 4.2.4).
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
    return colon == UInt8(ascii: ":") && rest.count <= 5 && rest.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// reg-name of RFC 3986, section 3.2.2.
  private static func isHostCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._~%!$&'()*+,;=".utf8.contains(byte)
    }
  }

  /// `a=1&b=2`, percent-encoded, `+` for a space.
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
        else { throw .malformed("a percent sign in the request target without two hexadecimal digits") }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw .malformed("the request target is not UTF-8 once decoded")
    }
    return decoded
  }
}

func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
