import HTTPServer
import HTTPTypes

/// The origins whose pages may call the service from a browser (the CORS protocol, Fetch standard, section 3.2). None by
/// default.
package struct CrossOrigin: Sendable {
  /// `https://example.org`, or `*` for all.
  package var allowedOrigins: Set<String> = []

  package init() {}

  /// Adds the CORS fields to a response, so that the requesting page may read it.
  ///
  /// - Parameter head: `nil` if the request could not be parsed that far, so that its origin is not known.
  func complete(_ response: Response, to head: RequestHead?) -> Response {
    guard !allowedOrigins.isEmpty else { return response }
    var response = response
    // A cache must not serve one origin's response to another.
    response.fields[.vary] = "Origin"
    guard let origin = head.map({ $0.fields[.origin] }) ?? (allowedOrigins.contains("*") ? "*" : nil),
      allowedOrigins.contains(origin) || allowedOrigins.contains("*")
    else { return response }
    response.fields[.accessControlAllowOrigin] = origin
    response.fields[.accessControlExposeHeaders] =
      "X-Request-Id, Server-Timing, Retry-After, WWW-Authenticate, Inference-Header-Content-Length"
    // A preflight request (Fetch standard, section 3.2.2).
    if let head, head.method == .options, head.fields[.accessControlRequestMethod] != nil {
      response.fields[.accessControlAllowMethods] = response.fields[.allow] ?? "GET, POST"
      response.fields[.accessControlAllowHeaders] =
        "Accept, Authorization, Cache-Control, Content-Encoding, Content-Type, Doods-Auth-Key, "
        + "Inference-Header-Content-Length, traceparent, tracestate, X-API-Key, X-Request-Id, X-Request-Timeout-Ms, "
        + "X-Requested-With"
      response.fields[.accessControlMaxAge] = "600"
    }
    return response
  }
}
