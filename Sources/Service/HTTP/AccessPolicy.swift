import HTTPServer
import HTTPTypes

/// Decides which requests are served.
package struct AccessPolicy: Sendable {
  /// `nil` serves requests without a key.
  package var keys: APIKeys?
  /// Whether `/metrics` needs no key although other paths do.
  package var hasPublicMetrics = false
  package var crossOrigin = CrossOrigin()

  package init() {}

  /// Probes have no keys; the page and the API description hold no secrets.
  private static let openPaths: Set<String> = [
    "/healthz", "/readyz", "/openapi.json", "/", "/page.css", "/page.js", "/sample.png",
  ]

  /// How much of a request is there when it is authorised.
  enum Stage {
    /// Before the body is read.
    case head(APIKeyLocation)
    /// After the body was read, for ``APIKeyLocation/body``.
    case body(key: String?)
  }

  /// Authorises a request from the first place that has a key.
  ///
  /// The server asks with the head of every request. A route whose API has keys in bodies asks again with the body's
  /// key; a request with Authorization was decided by its head, and its body is not asked.
  func authorize(_ head: RequestHead, at stage: Stage) throws(Problem) {
    guard let keys, isProtected(head) else { return }
    let hasAuthorization = head.fields[.authorization] != nil
    let isAuthorized =
      switch stage {
      case .head(.notRequired): true
      case .head(.authorizationOnly): keys.authorize(head.fields)
      case .head(.field(let name)):
        keys.authorize(head.fields) || head.fields[name].map(keys.contain) == true
      case .head(.body): !hasAuthorization || keys.authorize(head.fields)
      case .body(let key): hasAuthorization || key.map(keys.contain) == true
      }
    guard isAuthorized else { throw .unauthorized }
  }

  private func isProtected(_ head: RequestHead) -> Bool {
    let path = head.target.path
    // Browsers send the preflight request of CORS without credentials.
    if head.method == .options || AccessPolicy.openPaths.contains(path) { return false }
    return !(path == "/metrics" && hasPublicMetrics)
  }
}

extension Problem {
  static let unauthorized = Problem(
    "unauthorized", "Unauthorized", .unauthorized,
    "The request needs an API key: 'Authorization: Bearer KEY'.",
    fields: [.wwwAuthenticate: "Bearer"])
}
