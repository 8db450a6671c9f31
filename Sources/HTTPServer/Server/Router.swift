import HTTPTypes

/// Maps a path and a method to a handler.
package struct Router: Sendable {
  package struct Match: Sendable {
    package let handler: Handler
    package let parameters: [String: String]
    /// Whether a request without a body makes no sense.
    var needsBody = false
  }

  private struct Route: Sendable {
    let handler: Handler
    var needsBody = false
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

  private var routes: [String: [HTTPRequest.Method: Route]] = [:]
  private var exactPaths: Set<String> = []
  private var patterns: [Pattern] = []
  /// CONNECT is not supported because the server is not a proxy.
  private static let supportedMethods: Set<HTTPRequest.Method> = [
    .get, .head, .post, .put, .delete, .options, .patch, .trace, .query,
  ]

  package init() {}

  /// - Parameter path: matched exactly, except that a segment in braces matches any single segment:
  ///   `/models/{name}/infer`.
  /// - Parameters:
  ///   - needsBody: answers 411 if a request does not tell the length of its body.
  ///   - isExact: admits no doubled or trailing slashes, so that a proxy can block the path by its one spelling.
  package mutating func on(
    _ method: HTTPRequest.Method, _ path: String, needsBody: Bool = false, isExact: Bool = false,
    _ handler: Handler
  ) {
    if isExact { exactPaths.insert(path) }
    if routes[path] == nil, path.contains("{") {
      patterns.append(Pattern(segments: Router.segments(of: path), path: path))
    }
    routes[path, default: [:]][method] = Route(handler: handler, needsBody: needsBody)
  }

  package var paths: [String] { routes.keys.sorted() }

  /// The head with one slash for several, and none at the end of its path: clients join addresses carelessly.
  func canonical(_ head: RequestHead) -> RequestHead {
    let path = head.target.path
    guard path.utf8.count > 1, path.hasSuffix("/") || path.contains("//") else { return head }
    let canonical = "/" + path.split(separator: "/").joined(separator: "/")
    guard !exactPaths.contains(canonical) else { return head }
    var head = head
    head.target.path = canonical
    return head
  }

  /// Finds the handler of a request. GET handlers also serve HEAD, and every path supports OPTIONS. Exact paths take
  /// precedence over paths with placeholders, which match in the order of registration.
  package func match(_ head: RequestHead) throws(HTTPError) -> Match {
    guard Router.supportedMethods.contains(head.method) else { throw .unknownMethod(head.method.rawValue) }
    if head.method == .options, head.target.path == "*" {
      return Match(handler: Router.options(allowed: ["GET", "HEAD", "POST", "OPTIONS"]), parameters: [:])
    }
    if let methods = routes[head.target.path] {
      return try match(head.method, among: methods)
    }
    let segments = Router.segments(of: head.target.path)
    for pattern in patterns {
      guard let parameters = pattern.parameters(in: segments), let methods = routes[pattern.path] else {
        continue
      }
      return try match(head.method, among: methods, parameters)
    }
    throw .notFound(path: head.target.path)
  }

  private func match(
    _ method: HTTPRequest.Method, among methods: [HTTPRequest.Method: Route],
    _ parameters: [String: String] = [:]
  ) throws(HTTPError) -> Match {
    if let route = methods[method] ?? (method == .head ? methods[.get] : nil) {
      return Match(handler: route.handler, parameters: parameters, needsBody: route.needsBody)
    }
    var allowed = Set(methods.keys.map(\.rawValue))
    if allowed.contains("GET") { allowed.insert("HEAD") }
    allowed.insert("OPTIONS")
    if method == .options {
      return Match(handler: Router.options(allowed: allowed.sorted()), parameters: parameters)
    }
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
