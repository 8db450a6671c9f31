import HTTPTypes

/// Which handler answers which path and method.
package struct Router: Sendable {
  private var routes: [String: [HTTPRequest.Method: Handler]] = [:]
  private static let known: Set<HTTPRequest.Method> = [
    .get, .head, .post, .put, .delete, .options, .patch, .trace,
  ]

  package init() {}

  package mutating func on(_ method: HTTPRequest.Method, _ path: String, _ handler: Handler) {
    routes[path, default: [:]][method] = handler
  }

  package var paths: [String] { routes.keys.sorted() }

  /// GET answers HEAD too, and OPTIONS is answered for every path.
  package func handler(for head: RequestHead) throws(Refusal) -> Handler {
    guard Router.known.contains(head.method) else { throw .unknownMethod(head.method.rawValue) }
    if head.method == .options, head.target.path == "*" {
      return Router.options(allowed: ["GET", "HEAD", "POST", "OPTIONS"])
    }
    guard let methods = routes[head.target.path] else { throw .notFound(path: head.target.path) }
    if let handler = methods[head.method] { return handler }
    if head.method == .head, let handler = methods[.get] { return handler }
    var allowed = Set(methods.keys.map(\.rawValue))
    if allowed.contains("GET") { allowed.insert("HEAD") }
    allowed.insert("OPTIONS")
    if head.method == .options { return Router.options(allowed: allowed.sorted()) }
    throw .methodNotAllowed(allowed: allowed.sorted())
  }

  private static func options(allowed: [String]) -> Handler {
    .immediate { _ in Response(.noContent, fields: [.allow: allowed.joined(separator: ", ")]) }
  }
}
