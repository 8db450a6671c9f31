import HTTPServer
import HTTPTypes

/// Which other sites' pages may call the service from a browser (the CORS protocol, Fetch standard, section 3.2). None,
/// unless named.
package struct CrossOrigin: Sendable {
  /// `https://example.org`, or `*` for all.
  package var allowedOrigins: Set<String> = []

  package init() {}

  /// Adds to a response what lets the page that sent the request read it.
  func complete(_ response: Response, to head: RequestHead) -> Response {
    guard !allowedOrigins.isEmpty else { return response }
    var response = response
    // Caches must not give one site's answer to another.
    response.fields[.vary] = "Origin"
    guard let origin = head.fields[.origin],
      allowedOrigins.contains(origin) || allowedOrigins.contains("*")
    else { return response }
    response.fields[.accessControlAllowOrigin] = origin
    response.fields[.accessControlExposeHeaders] = "X-Request-Id, Server-Timing, Retry-After"
    // What a browser asks before it sends something that a form could not.
    if head.method == .options, head.fields[.accessControlRequestMethod] != nil {
      response.fields[.accessControlAllowMethods] = response.fields[.allow] ?? "GET, POST"
      response.fields[.accessControlAllowHeaders] =
        "Accept, Authorization, Content-Type, X-Request-Id, X-Request-Timeout-Ms, traceparent"
      response.fields[.accessControlMaxAge] = "600"
    }
    return response
  }
}
