import HTTPTypes

/// How the end of a body is known (RFC 9112, section 6.3).
enum BodyFraming: Equatable {
  case none
  case length(Int)
  case chunked

  init(_ head: RequestHead) throws(HTTPError) {
    let codings = head.fields[values: .transferEncoding]
    let lengths = head.fields[values: .contentLength]
    if !codings.isEmpty {
      guard lengths.isEmpty else { throw .malformed("both Content-Length and Transfer-Encoding") }
      guard !head.isHTTP10 else { throw .malformed("Transfer-Encoding in HTTP/1.0") }
      guard codings.count == 1, codings[0].lowercased() == "chunked" else {
        throw .malformed("a Transfer-Encoding other than chunked")
      }
      self = .chunked
    } else if !lengths.isEmpty {
      let digits = lengths[0].utf8
      guard lengths.count == 1, !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
        let length = Int(lengths[0])
      else { throw .malformed("Content-Length is not one number") }
      self = .length(length)
    } else {
      self = .none
    }
  }
}
