import HTTPTypes

/// Why an image has no result although it is valid.
package enum DetectorError: Error, Equatable, Sendable {
  /// Too many images are in flight; they should be done after `wait`.
  case overloaded(limit: Int, wait: Duration)
  /// The request's deadline passed while it waited.
  case expired
  case clientDisconnected

  /// The value of the metric's label `reason`.
  var reason: String {
    switch self {
    case .overloaded: "overloaded"
    case .expired: "expired"
    case .clientDisconnected: "client_disconnected"
    }
  }
}

extension Problem {
  init(_ error: DetectorError) {
    switch error {
    case .overloaded(let limit, let wait):
      let seconds = max(1, (wait / .seconds(1)).rounded(.up))
      self.init(
        "overloaded", "Overloaded", .serviceUnavailable,
        "The maximum of \(limit) images in flight is reached; retry later.",
        fields: [.retryAfter: "\(Int(seconds))"])
    case .expired:
      self.init(
        "deadline-exceeded", "Deadline exceeded", .gatewayTimeout,
        "The request timed out before inference began.")
    case .clientDisconnected:
      // Never received by a client. nginx logs such requests with the same status.
      self.init(
        "client-disconnected", "Client disconnected", .init(code: 499), "The client closed the connection.")
    }
  }
}
