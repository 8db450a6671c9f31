import HTTPTypes

/// Which handler answers which path and method.
package struct Router: Sendable {
  package struct Match: Sendable {
    package let handler: Handler
    package let parameters: [String: String]
  }

  /// The handlers of a path that has `{name}` as some of its segments.
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
  /// CONNECT is not among them: this is no proxy.
  private static let known: Set<HTTPRequest.Method> = [
    .get, .head, .post, .put, .delete, .options, .patch, .trace, .query,
  ]

  package init() {}

  /// - Parameter path: taken as it is, but for segments in braces: `/models/{name}/infer` fits any one segment there.
  package mutating func on(_ method: HTTPRequest.Method, _ path: String, _ handler: Handler) {
    if routes[path] == nil, path.contains("{") {
      patterns.append(Pattern(segments: Router.segments(of: path), path: path))
    }
    routes[path, default: [:]][method] = handler
  }

  package var paths: [String] { routes.keys.sorted() }

  package func handler(for head: RequestHead) throws(HTTPError) -> Handler { try match(head).handler }

  /// GET answers HEAD too, and OPTIONS is answered for every path. Paths without braces come first, then those with in
  /// the order in which they were given.
  package func match(_ head: RequestHead) throws(HTTPError) -> Match {
    guard Router.known.contains(head.method) else { throw .unknownMethod(head.method.rawValue) }
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
  /// A GET with a body (draft-ietf-httpbis-safe-method-w-body), so that clients that know it are told 405, not 501.
  fileprivate static let query = HTTPRequest.Method("QUERY")!  // a token, as the type asks
}
