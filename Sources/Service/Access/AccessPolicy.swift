import HTTPServer
import HTTPTypes

/// Whom the service answers.
package struct AccessPolicy: Sendable {
  /// `nil` lets everybody in.
  package var keys: APIKeys?
  /// Whether `/metrics` is open where keys are asked for.
  package var hasOpenMetrics = false
  package var crossOrigin = CrossOrigin()

  package init() {}

  /// Probes have no keys, and the page and the description hold no secrets.
  private static let openPaths: Set<String> = [
    "/healthz", "/readyz", "/openapi.json", "/", "/page.css", "/page.js",
  ]

  /// What is wrong with a request, as far as its head tells.
  func refusal(of head: RequestHead, keyPlace: APIKeyLocation = .nowhere) -> Problem? {
    guard let keys else { return nil }
    let path = head.target.path
    // Browsers ask by OPTIONS whether they may send a key, and send none with that.
    if head.method == .options || AccessPolicy.openPaths.contains(path) { return nil }
    if path == "/metrics", hasOpenMetrics { return nil }
    if keys.admit(head.fields) { return nil }
    return switch keyPlace {
    case .notNeeded: nil
    case .field(let name): head.fields[name].map(keys.contain) == true ? nil : .unauthorized
    case .body: head.fields[.authorization] == nil ? nil : .unauthorized
    case .nowhere: .unauthorized
    }
  }

  /// Whether a request may pass that was let through to show its key in its body.
  func admits(_ head: RequestHead, key: String?) -> Bool {
    guard let keys else { return true }
    return keys.admit(head.fields) || key.map(keys.contain) == true
  }
}
