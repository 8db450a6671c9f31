import HTTPTypes

/// Where a request of some API may have its key, other than in Authorization.
enum APIKeyLocation: Sendable, Equatable {
  case authorizationOnly
  case field(HTTPField.Name)
  /// In the body. The route authorises the request once it has read that.
  case body
  /// Health probes have no key.
  case notRequired
}
