import HTTPTypes

/// Why the server rejects a request or a connection. It closes the connection after most of these errors, because the
/// start of the next request is then unknown.
package enum HTTPError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A violation of RFC 9112 or RFC 9110.
  case malformed(MalformedRequest)
  case requestLineTooLong(limit: Int)
  case fieldsTooLarge(limit: Int)
  case bodyTooLarge(limit: Int)
  case unsupportedVersion
  case unknownMethod(String)
  case notFound(path: String)
  case methodNotAllowed(allowed: [String])
  case requestTimeout
  case tooManyConnections
  /// The bodies of all requests together would exceed the server's budget.
  case bodyMemoryExhausted(limit: Int)
  case unsupportedExpectation
  /// A request that needs a body does not tell where that ends.
  case lengthRequired

  package var status: HTTPResponse.Status {
    switch self {
    case .malformed: .badRequest
    case .requestLineTooLong: .uriTooLong
    case .fieldsTooLarge: .requestHeaderFieldsTooLarge
    case .bodyTooLarge: .contentTooLarge
    case .unsupportedVersion: .httpVersionNotSupported
    case .unknownMethod: .notImplemented
    case .notFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .requestTimeout: .requestTimeout
    case .tooManyConnections, .bodyMemoryExhausted: .serviceUnavailable
    case .unsupportedExpectation: .expectationFailed
    case .lengthRequired: .lengthRequired
    }
  }

  package var description: String {
    switch self {
    case .malformed(let error): error.description
    case .requestLineTooLong(let limit): "the request line exceeds \(limit) bytes"
    case .fieldsTooLarge(let limit): "the header fields exceed \(limit) bytes, or there are too many of them"
    case .bodyTooLarge(let limit): "the body exceeds \(limit) bytes"
    case .unsupportedVersion: "only HTTP/1.1 and HTTP/1.0 are supported"
    case .unknownMethod(let method): "the method \(method.truncated(toUTF8: 100)) is not supported"
    case .notFound(let path): "there is nothing at \(path.truncated(toUTF8: 100))"
    case .methodNotAllowed(let allowed): "allowed methods: \(allowed.joined(separator: ", "))"
    case .requestTimeout: "the request did not arrive in time"
    case .tooManyConnections: "the server has too many connections"
    case .bodyMemoryExhausted(let limit): "the bodies of all requests together exceed \(limit) bytes"
    case .lengthRequired: "the request has neither a Content-Length nor chunks, so its body has no end"
    case .unsupportedExpectation: "the only supported expectation is 100-continue"
    }
  }
}
