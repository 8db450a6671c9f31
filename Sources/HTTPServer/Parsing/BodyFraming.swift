import HTTPTypes

/// How the end of a body is determined (RFC 9112, section 6.3).
enum BodyFraming: Equatable {
  case none
  case length(Int)
  case chunked

  init(_ head: RequestHead) throws(HTTPError) {
    let codings = head.fields[values: .transferEncoding]
    let lengths = head.fields[values: .contentLength]
    if !codings.isEmpty {
      guard lengths.isEmpty else { throw .malformed(.contentLengthWithTransferEncoding) }
      guard !head.isHTTP10 else { throw .malformed(.transferEncodingInHTTP10) }
      guard codings.count == 1, codings[0].isEqualIgnoringASCIICase("chunked") else {
        throw .malformed(.unsupportedTransferEncoding)
      }
      self = .chunked
    } else if !lengths.isEmpty {
      let digits = lengths[0].utf8
      guard lengths.count == 1, !digits.isEmpty, digits.allSatisfy(isDigit),
        let length = Int(lengths[0])
      else { throw .malformed(.contentLength) }
      self = .length(length)
    } else {
      self = .none
    }
  }
}
