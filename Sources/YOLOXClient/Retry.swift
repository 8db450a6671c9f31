/// Whether a request that the service has no room for (503) is sent again. A detection changes nothing, so sending it
/// twice does no harm.
public struct Retry: Hashable, Sendable {
  /// How often a request is sent at most.
  public var attempts: Int
  /// Where the service asks for more patience than this, it is not asked again.
  public var longestWait: Duration

  public init(attempts: Int, longestWait: Duration = .seconds(10)) {
    self.attempts = attempts
    self.longestWait = longestWait
  }

  public static let never = Retry(attempts: 1)

  /// How long to wait before the next attempt: as Retry-After says, or a second; `nil` if there is to be none.
  func wait(after problem: Problem, sent: Int) -> Duration? {
    guard problem.status == 503, sent < attempts else { return nil }
    let wait = problem.retryAfter ?? .seconds(1)
    return wait <= longestWait ? wait : nil
  }
}
