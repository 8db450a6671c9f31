import HTTPTypes

/// Request line and header fields (RFC 9112, sections 3 and 5; RFC 9110, section 5).
struct RequestHeadParser {
  let limits: RequestLimits

  /// - Parameter bytes: up to and with the empty line.
  func parse(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> RequestHead {
    var lines = Lines(bytes)
    guard let requestLine = try lines.next() else { throw .malformed("no request line") }
    guard requestLine.count <= limits.requestLine else {
      throw .requestLineTooLong(limit: limits.requestLine)
    }
    guard bytes.count - requestLine.count <= limits.fields else {
      throw .fieldsTooLarge(limit: limits.fields)
    }

    // Exactly one space between the three parts.
    let parts = requestLine.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .malformed("the request line is not method, target and version") }
    let isHTTP10 = try version(parts[2])
    guard let methodText = String(validating: parts[0], as: UTF8.self),
      let method = HTTPRequest.Method(rawValue: methodText)
    else { throw .malformed("the method is not a token") }
    guard let targetText = String(validating: parts[1], as: UTF8.self) else {
      throw .malformed("the request target has a character that does not belong there")
    }
    let target = try RequestTarget(targetText[...].utf8)

    var fields = HTTPFields()
    var count = 0
    while let line = try lines.next(), !line.isEmpty {
      count += 1
      guard count <= limits.fieldCount else { throw .fieldsTooLarge(limit: limits.fields) }
      fields.append(try field(line))
    }
    let hosts = fields[values: HTTPField.Name.host].count
    guard hosts == 1 || (isHTTP10 && hosts == 0) else {
      throw .malformed(hosts == 0 ? "Host is missing" : "Host is there twice")
    }
    return RequestHead(method: method, target: target, isHTTP10: isHTTP10, fields: fields)
  }

  private func version(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> Bool {
    if bytes.elementsEqual("HTTP/1.1".utf8) { return false }
    if bytes.elementsEqual("HTTP/1.0".utf8) { return true }
    let isVersion =
      bytes.count == 8 && bytes.starts(with: "HTTP/".utf8) && bytes[bytes.startIndex + 6] == UInt8(ascii: ".")
      && [5, 7].allSatisfy { (0x30...0x39).contains(bytes[bytes.startIndex + $0]) }
    throw isVersion ? .unsupportedVersion : .malformed("the version is not HTTP/1.1")
  }

  private func field(_ line: ArraySlice<UInt8>) throws(Refusal) -> HTTPField {
    // Section 5.2: a line that begins with white space continued the one before, once.
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
      throw .malformed("a control character in \(name.rawName)")
    }
    return HTTPField(name: name, value: String(decoding: value, as: UTF8.self))
  }

  /// Lines that end in CR LF; a CR or LF on its own belongs nowhere.
  private struct Lines {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next() throws(Refusal) -> ArraySlice<UInt8>? {
      guard let feed = rest.firstIndex(of: 0x0A) else { return nil }
      guard feed > rest.startIndex, rest[feed - 1] == 0x0D else { throw .malformed("a line feed on its own") }
      let line = rest[..<(feed - 1)]
      guard !line.contains(0x0D), !line.contains(0) else {
        throw .malformed("a carriage return or NUL within a line")
      }
      rest = rest[(feed + 1)...]
      return line
    }
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
