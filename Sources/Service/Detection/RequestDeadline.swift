import HTTPServer
import Synchronization

/// Until when the response to a request is of use: a moment, or the client's disconnection. Work for the request stops at
/// the next check after that, on whatever thread it runs.
///
/// Also holds the request's permits, which count until its response is encoded.
package final class RequestDeadline: Sendable {
  package typealias Instant = ContinuousClock.Instant

  private struct State {
    var reason: DetectorError?
    var permits: [AdmissionLimiter.Permit] = []
    var client: String?
  }

  package let instant: Instant
  /// `X-Request-Id`, if something needs it before the response is finished.
  package let requestID: String?
  /// What the access log says of the request besides its response; here because all that works on a request has this.
  package let logFields = Mutex(AccessLogFields())
  private let state: Mutex<State>

  /// - Parameter client: the name of the request's API key.
  package init(
    _ duration: Duration, from start: Instant = .now, client: String? = nil, requestID: String? = nil
  ) {
    instant = start.advanced(by: duration)
    self.requestID = requestID
    state = Mutex(State(client: client))
  }

  /// The name of the API key, for the key's share of the queue; `nil` without keys.
  package var client: String? {
    get { state.withLock(\.client) }
    set { state.withLock { $0.client = newValue } }
  }

  package func clientDisconnected() { cancel(.clientDisconnected) }

  package func expire() { cancel(.expired) }

  private func cancel(_ reason: DetectorError) { state.withLock { $0.reason = $0.reason ?? reason } }

  /// - Returns: `nil` as long as the response is of use.
  package func cancellationReason(at now: Instant = .now) -> DetectorError? {
    state.withLock(\.reason) ?? (now > instant ? .expired : nil)
  }

  package func hold(_ permit: AdmissionLimiter.Permit) { state.withLock { $0.permits.append(permit) } }

  /// Call once the response is encoded, or no more work is done for it.
  package func releasePermits() {
    // Released outside the lock.
    let permits = state.withLock { state in
      defer { state.permits = [] }
      return state.permits
    }
    extendLifetime(permits)
  }
}
