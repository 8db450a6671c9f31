import HTTPTypes

/// Where else than in Authorization a request may have its key.
enum APIKeyLocation: Sendable, Equatable {
  case nowhere
  case field(HTTPField.Name)
  /// In the body, which the route looks into.
  case body
  /// A probe: it needs none.
  case notNeeded
}
