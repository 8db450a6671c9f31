/// Whether a request is sent again when the service responds with 503 (Service Unavailable). Detection has no side
/// effects, so repeating a request is safe.
public struct RetryPolicy: Hashable, Sendable {
  /// Maximum number of times that a request is sent, including the first.
  public var maxAttempts: Int
  /// If the service asks for a longer delay than this, the request is not sent again.
  public var maxDelay: Duration

  /// Creates a policy.
  ///
  /// - Parameters:
  ///   - maxAttempts: maximum number of times that a request is sent, including the first.
  ///   - maxDelay: the longest delay between two attempts.
  public init(maxAttempts: Int, maxDelay: Duration = .seconds(10)) {
    self.maxAttempts = maxAttempts
    self.maxDelay = maxDelay
  }

  /// Never sends a request again.
  public static let never = RetryPolicy(maxAttempts: 1)

  /// The delay before the next attempt: the one of Retry-After, else a second. `nil` if there is no next attempt.
  func delay(after problem: Problem, attempt: Int) -> Duration? {
    guard problem.status == 503, attempt < maxAttempts else { return nil }
    let delay = problem.retryAfter ?? .seconds(1)
    return delay <= maxDelay ? delay : nil
  }
}
