import HTTPTypes

/// Maps a path and a method to a handler.
package struct Router: Sendable {
  package struct Match: Sendable {
    package let handler: Handler
    package let parameters: [String: String]
  }

  /// A path with `{name}` placeholders for some of its segments.
  private struct Pattern: Sendable {
    let segments: [Substring]
    let path: String

    func parameters(in path: [Substring]) -> [String: String]? {
      guard path.count == segments.count else { return nil }
      var parameters: [String: String] = [:]
      for (segment, text) in zip(segments, path) {
        if segment.hasPrefix("{"), segment.hasSuffix("}") {
          guard !text.isEmpty else { return nil }
          parameters[String(segment.dropFirst().dropLast())] = String(text)
        } else if segment != text {
          return nil
        }
      }
      return parameters
    }
  }

  private var routes: [String: [HTTPRequest.Method: Handler]] = [:]
  private var patterns: [Pattern] = []
  /// CONNECT is not supported because the server is not a proxy.
  private static let supportedMethods: Set<HTTPRequest.Method> = [
    .get, .head, .post, .put, .delete, .options, .patch, .trace, .query,
  ]

  package init() {}

  /// - Parameter path: matched exactly, except that a segment in braces matches any single segment:
  ///   `/models/{name}/infer`.
  package mutating func on(_ method: HTTPRequest.Method, _ path: String, _ handler: Handler) {
    if routes[path] == nil, path.contains("{") {
      patterns.append(Pattern(segments: Router.segments(of: path), path: path))
    }
    routes[path, default: [:]][method] = handler
  }

  package var paths: [String] { routes.keys.sorted() }

  /// Finds the handler of a request. GET handlers also serve HEAD, and every path supports OPTIONS. Exact paths take
  /// precedence over paths with placeholders, which match in the order of registration.
  package func match(_ head: RequestHead) throws(HTTPError) -> Match {
    guard Router.supportedMethods.contains(head.method) else { throw .unknownMethod(head.method.rawValue) }
    if head.method == .options, head.target.path == "*" {
      return Match(handler: Router.options(allowed: ["GET", "HEAD", "POST", "OPTIONS"]), parameters: [:])
    }
    if let methods = routes[head.target.path] {
      return Match(handler: try handler(for: head.method, among: methods), parameters: [:])
    }
    let segments = Router.segments(of: head.target.path)
    for pattern in patterns {
      guard let parameters = pattern.parameters(in: segments), let methods = routes[pattern.path] else {
        continue
      }
      return Match(handler: try handler(for: head.method, among: methods), parameters: parameters)
    }
    throw .notFound(path: head.target.path)
  }

  private func handler(
    for method: HTTPRequest.Method, among methods: [HTTPRequest.Method: Handler]
  ) throws(HTTPError) -> Handler {
    if let handler = methods[method] { return handler }
    if method == .head, let handler = methods[.get] { return handler }
    var allowed = Set(methods.keys.map(\.rawValue))
    if allowed.contains("GET") { allowed.insert("HEAD") }
    allowed.insert("OPTIONS")
    if method == .options { return Router.options(allowed: allowed.sorted()) }
    throw .methodNotAllowed(allowed: allowed.sorted())
  }

  private static func options(allowed: [String]) -> Handler {
    .immediate { _ in Response(.noContent, fields: [.allow: allowed.joined(separator: ", ")]) }
  }

  private static func segments(of path: String) -> [Substring] {
    path.split(separator: "/", omittingEmptySubsequences: false)
  }
}

extension HTTPRequest.Method {
  /// A GET with a body (draft-ietf-httpbis-safe-method-w-body). Known, so that its clients get 405 and not 501.
  fileprivate static let query = HTTPRequest.Method("QUERY")!  // a valid token
}
