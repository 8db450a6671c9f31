/// What in a request violates RFC 9112 or RFC 9110.
package enum MalformedRequest: Error, Equatable, Sendable, CustomStringConvertible {
  // RFC 9112, sections 2 and 3
  case requestLine
  case emptyRequestLines
  case method
  case version
  case bareLineFeed
  case bareCarriageReturn
  // RFC 9112, section 3.2, and RFC 3986
  case targetCharacter
  case targetForm
  case targetHost
  case connectTarget
  case percentEncoding
  case encodedSlash
  case encodedUnreserved
  case targetNotUTF8
  case missingHost
  case repeatedHost
  case invalidHost
  // RFC 9112, section 5
  case foldedField
  case fieldWithoutColon
  case fieldName
  case fieldValue
  // RFC 9112, sections 6 and 7
  case contentLengthWithTransferEncoding
  case transferEncodingInHTTP10
  case unsupportedTransferEncoding
  case contentLength
  case chunkSize
  case chunkExtension
  case chunkLongerThanSize
  case chunkFraming
  case trailer

  package var description: String {
    switch self {
    case .requestLine: "the request line is not a method, a target and a version"
    case .emptyRequestLines: "empty lines instead of a request line"
    case .method: "the method is not a token"
    case .version: "the version is not HTTP/1.1"
    case .bareLineFeed: "a line feed without a carriage return"
    case .bareCarriageReturn: "a carriage return without a line feed"
    case .targetCharacter: "the request target contains an invalid character"
    case .targetForm: "the request target is neither a path nor an http URL"
    case .targetHost: "the host of the request target is not a host and port"
    case .connectTarget: "the target of CONNECT is not a host and port"
    case .percentEncoding: "a percent sign without two hexadecimal digits (%00 is not allowed either)"
    case .encodedSlash: "a percent-encoded slash (%2F) in the path"
    case .encodedUnreserved:
      "a percent-encoded letter, digit, '-', '.', '_' or '~' in the path; send it as it is"
    case .targetNotUTF8: "the decoded request target is not UTF-8"
    case .missingHost: "the Host field is missing"
    case .repeatedHost: "the Host field is repeated"
    case .invalidHost: "the Host field is not a host and port"
    case .foldedField: "a folded header field"
    case .fieldWithoutColon: "a header field without a colon"
    case .fieldName: "a header field whose name is not a token"
    case .fieldValue: "a control character in a header field"
    case .contentLengthWithTransferEncoding: "both Content-Length and Transfer-Encoding"
    case .transferEncodingInHTTP10: "Transfer-Encoding in HTTP/1.0"
    case .unsupportedTransferEncoding: "a Transfer-Encoding other than chunked"
    case .contentLength: "Content-Length is not a single number"
    case .chunkSize: "a chunk size that is not a hexadecimal number"
    case .chunkExtension: "a control character in a chunk extension"
    case .chunkLongerThanSize: "a chunk that is longer than its size"
    case .chunkFraming: "more chunk framing than data"
    case .trailer: "a control character in a trailer"
    }
  }
}
