import HTTPServer
import Synchronization

/// Until when the response to a request is of use: a moment, or the client's disconnection. Work for the request stops at
/// the next check after that, on whatever thread it runs.
package final class RequestDeadline: Sendable {
  package typealias Instant = ContinuousClock.Instant

  package let instant: Instant
  /// What the access log says of the request besides its response; here because all that works on a request has this.
  let logFields = Mutex(AccessLogFields())
  private let isDisconnected = Atomic<Bool>(false)

  package init(_ duration: Duration, from start: Instant = .now) { instant = start.advanced(by: duration) }

  package func clientDisconnected() { isDisconnected.store(true, ordering: .relaxed) }

  /// - Returns: `nil` as long as the response is of use.
  package func cancellationReason(at now: Instant = .now) -> DetectorError? {
    if isDisconnected.load(ordering: .relaxed) { return .clientDisconnected }
    return now > instant ? .expired : nil
  }
}
