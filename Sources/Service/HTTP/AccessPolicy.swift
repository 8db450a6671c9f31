import HTTPServer
import HTTPTypes

/// Decides which requests are served.
package struct AccessPolicy: Sendable {
  /// `nil` serves requests without a key.
  package var keys: APIKeys?
  /// Whether `/metrics` needs no key although other paths do.
  package var hasPublicMetrics = false
  package var crossOrigin = CrossOrigin()
  /// The part of a model's queue that the requests of one key may take while there are several keys, 0...1.
  package var maxKeyShare = 0.5

  package init() {}

  /// The part of a queue that one key may take at present.
  var keyShare: Double { keys?.hasSeveralNames == true ? maxKeyShare : 1 }

  /// Probes have no keys; the page and the API description hold no secrets.
  private static let openPaths: Set<String> = [
    "/healthz", "/readyz", "/openapi.json", "/", "/page.css", "/page.js",
    "/page-camera.js", "/page-drawing.js", "/page-service.js", "/page-settings.js",
    "/page-zones.js", "/sample.png",
  ]

  /// How much of a request is there when it is authorised.
  enum Stage {
    /// Before the body is read.
    case head(APIKeyLocation)
    /// After the body was read, for ``APIKeyLocation/body``.
    case body(key: String?)
  }

  /// Authorises a request by any place of its head that has a valid key.
  ///
  /// The server asks with the head of every request. A route whose API has keys in bodies asks again with the body's
  /// key; a request with a key in its head, valid or not, was decided by that, and its body is not asked.
  ///
  /// - Returns: the name of the key; `nil` if none is needed here.
  /// - Throws: `unauthorized`, or `forbidden` if the key lacks the scope.
  func authorize(_ head: RequestHead, at stage: Stage) throws(Problem) -> String? {
    guard let keys, isProtected(head) else { return nil }
    let presented = APIKeys.presented(in: head.fields)
    let key: APIKey?
    switch stage {
    case .head(.notRequired): return nil
    case .head(.authorizationOnly): key = keys.first(of: presented)
    case .head(.field(let name)): key = keys.first(of: presented + head.fields[values: name].map { $0[...] })
    case .head(.body):
      if presented.isEmpty { return nil }
      key = keys.first(of: presented)
    case .body(let text): key = keys.first(of: presented.isEmpty ? [(text ?? "")[...]] : presented)
    }
    guard let key else { throw .unauthorized(at: stage) }
    if let scope = AccessPolicy.requiredScope(head), !key.scopes.contains(scope) {
      throw .insufficientScope(scope, key: key.name)
    }
    return key.name
  }

  /// What a key must allow. Descriptions of models need any key.
  private static func requiredScope(_ head: RequestHead) -> APIKey.Scope? {
    let path = head.target.path
    if path == "/metrics" { return .metrics }
    if head.method == .get || head.method == .head { return nil }
    let changesModels = ["/v1/models/", "/v2/repository/models/"].contains { path.hasPrefix($0) }
    return changesModels ? .admin : .detect
  }

  private func isProtected(_ head: RequestHead) -> Bool {
    let path = head.target.path
    // Browsers send the preflight request of CORS without credentials.
    if head.method == .options || AccessPolicy.openPaths.contains(path) { return false }
    return !(path == "/metrics" && hasPublicMetrics)
  }
}

extension Problem {
  /// Names the place where the clients of the API send their key.
  fileprivate static func unauthorized(at stage: AccessPolicy.Stage) -> Problem {
    let place =
      switch stage {
      case .head(.field(let name)): "in the header field \(name), or "
      case .head(.body), .body: "in the form's field api_key, or "
      case .head(.authorizationOnly), .head(.notRequired): ""
      }
    return Problem(
      "unauthorized", "Unauthorized", .unauthorized,
      "The request needs an API key: \(place)'Authorization: Bearer KEY' or 'X-API-Key: KEY'.",
      fields: [.wwwAuthenticate: "Bearer"])
  }

  fileprivate static func insufficientScope(_ scope: APIKey.Scope, key: String) -> Problem {
    Problem(
      "forbidden", "Forbidden", .forbidden,
      "The API key '\(key)' does not have the scope '\(scope.rawValue)'.")
  }
}
