import HTTPTypes

/// Why an image has no result although it is valid.
package enum DetectorError: Error, Equatable, Sendable {
  /// Too many images are in flight; they should be done after `wait`.
  case overloaded(limit: Int, wait: Duration)
  /// One API key has too many images in flight.
  case shareUsed(limit: Int, wait: Duration)
  /// The responses that clients have not read yet take all memory for them.
  case responsesUnread(limit: Int)
  /// The request's deadline passed while it waited.
  case expired
  case clientDisconnected

  /// The value of the metric's label `reason`.
  var reason: String {
    switch self {
    case .overloaded: "overloaded"
    case .shareUsed: "key_share"
    case .responsesUnread: "response_memory"
    case .expired: "expired"
    case .clientDisconnected: "client_disconnected"
    }
  }
}

extension Problem {
  init(_ error: DetectorError) {
    switch error {
    case .overloaded(let limit, let wait):
      self.init(
        overloaded: "The maximum of \(limit) images in flight is reached; retry later.", wait: wait)
    case .shareUsed(let limit, let wait):
      self.init(
        overloaded: "This API key's share of \(limit) images in flight is used; retry later.", wait: wait)
    case .responsesUnread(let limit):
      self.init(
        overloaded:
          "The responses that clients have not read yet take \(limit) bytes, the maximum; retry later.",
        wait: .seconds(1))
    case .expired:
      self.init(
        "deadline-exceeded", "Deadline exceeded", .gatewayTimeout,
        "The request's time is over; nothing more is done for it.")
    case .clientDisconnected:
      // Never received by a client. nginx logs such requests with the same status.
      self.init(
        "client-disconnected", "Client disconnected", .init(code: 499), "The client closed the connection.")
    }
  }

  private init(overloaded detail: String, wait: Duration) {
    let seconds = max(1, (wait / .seconds(1)).rounded(.up))
    self.init(
      "overloaded", "Overloaded", .serviceUnavailable, detail,
      fields: [.retryAfter: "\(Int(min(seconds, 3600)))"])
  }
}
