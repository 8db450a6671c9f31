import HTTPTypes

/// Why the server answers a request itself, or does not let it in. After most of them the connection is closed: where
/// the next request would begin is no longer certain.
package enum HTTPError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Not HTTP/1.1 as RFC 9112 has it.
  case malformed(String)
  case requestLineTooLong(limit: Int)
  case fieldsTooLarge(limit: Int)
  case bodyTooLarge(limit: Int)
  case unsupportedVersion
  case unknownMethod(String)
  case notFound(path: String)
  case methodNotAllowed(allowed: [String])
  case requestTimedOut
  case tooManyConnections
  case bodiesTooLarge(limit: Int)
  case unsupportedExpectation

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
    case .requestTimedOut: .requestTimeout
    case .tooManyConnections, .bodiesTooLarge: .serviceUnavailable
    case .unsupportedExpectation: .expectationFailed
    }
  }

  package var description: String {
    switch self {
    case .malformed(let what): what
    case .requestLineTooLong(let limit): "the request line is longer than \(limit) bytes"
    case .fieldsTooLarge(let limit): "the header fields are larger than \(limit) bytes, or too many"
    case .bodyTooLarge(let limit): "the body is larger than \(limit) bytes"
    case .unsupportedVersion: "only HTTP/1.1 and HTTP/1.0 are spoken here"
    case .unknownMethod(let method): "the method \(method) is not known"
    case .notFound(let path): "there is nothing at \(path)"
    case .methodNotAllowed(let allowed): "the methods here are \(allowed.joined(separator: ", "))"
    case .requestTimedOut: "the request did not arrive in time"
    case .tooManyConnections: "there are too many connections"
    case .bodiesTooLarge(let limit): "the bodies of all requests together are larger than \(limit) bytes"
    case .unsupportedExpectation: "the only expectation known is 100-continue"
    }
  }
}

/// How much one request may be.
package struct RequestLimits: Sendable {
  package var requestLine = 8 << 10
  package var fields = 32 << 10
  package var fieldCount = 100
  package var body = 20 << 20

  package init() {}
}
