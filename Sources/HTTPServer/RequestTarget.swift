/// What a request line asks for (RFC 9112, section 3.2): the path, percent-decoded once, and the query's parameters.
package struct RequestTarget: Sendable, Equatable {
  package struct Parameter: Sendable, Equatable {
    package let name: String
    package let value: String
  }

  package let path: String
  package let query: [Parameter]

  /// Takes `/path?query`, `http://host/path?query` and `*`.
  package init(_ text: Substring.UTF8View) throws(Refusal) {
    // Section 3.2 with RFC 3986: no spaces, controls, non-ASCII or fragments in a target.
    guard !text.isEmpty, text.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
      throw .malformed("the request target has a character that does not belong there")
    }
    var rest = Substring(text)
    if rest == "*" {
      (path, query) = ("*", [])
      return
    }
    if !rest.hasPrefix("/") {
      // The absolute form, as proxies send it; the authority says no more than Host does.
      let lower = rest.lowercased()
      guard lower.hasPrefix("http://") || lower.hasPrefix("https://"), let start = rest.firstIndex(of: ":")
      else {
        throw .malformed("the request target is neither a path nor an http address")
      }
      let afterScheme = rest[rest.index(start, offsetBy: 3)...]
      let end = afterScheme.firstIndex { $0 == "/" || $0 == "?" } ?? afterScheme.endIndex
      guard end > afterScheme.startIndex else { throw .malformed("the request target has no host") }
      rest = afterScheme[end...]
      if !rest.hasPrefix("/") { rest = "/" + rest }
    }
    let question = rest.firstIndex(of: "?")
    path = try RequestTarget.decode(rest[..<(question ?? rest.endIndex)], plusIsSpace: false)
    query =
      try question.map { question throws(Refusal) in
        try RequestTarget.parameters(rest[rest.index(after: question)...])
      } ?? []
  }

  /// `a=1&b=2`, percent-encoded, `+` for a space.
  package static func parameters(_ text: Substring) throws(Refusal) -> [Parameter] {
    var parameters: [Parameter] = []
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      parameters.append(
        Parameter(
          name: try decode(parts[0], plusIsSpace: true),
          value: parts.count > 1 ? try decode(parts[1], plusIsSpace: true) : ""))
    }
    return parameters
  }

  private static func decode(_ text: Substring, plusIsSpace: Bool) throws(Refusal) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
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
