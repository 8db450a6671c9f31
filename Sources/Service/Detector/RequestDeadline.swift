import Synchronization

/// How long a request's answer is wanted: until a moment, and as long as somebody waits for it. Work for it stops where
/// it would be in vain, on whatever thread it is by then.
package final class RequestDeadline: Sendable {
  package typealias Instant = ContinuousClock.Instant

  package let deadline: Instant
  private let isAbandoned = Atomic<Bool>(false)

  package init(until deadline: Instant) { self.deadline = deadline }

  package convenience init(_ duration: Duration, from start: Instant = .now) {
    self.init(until: start.advanced(by: duration))
  }

  /// Nobody waits any more.
  package func abandon() { isAbandoned.store(true, ordering: .relaxed) }

  /// Why there is nothing to do any more, if so.
  package func end(at now: Instant = .now) -> DetectorError? {
    if isAbandoned.load(ordering: .relaxed) { return .abandoned }
    return now > deadline ? .expired : nil
  }
}
