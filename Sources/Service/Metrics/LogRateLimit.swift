import Synchronization

/// Admits a number of lines in every second, and counts the others.
package final class LogRateLimit: Sendable {
  private struct State {
    var second: ContinuousClock.Instant?
    var admitted = 0
    var skipped = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  package init(linesPerSecond limit: Int) { self.limit = limit }

  /// - Returns: the number of lines skipped since the last one that was admitted; `nil` if this one should be skipped.
  package func admit(at now: ContinuousClock.Instant) -> Int? {
    state.withLock { state in
      if state.second.map({ now - $0 >= .seconds(1) }) ?? true {
        state.second = now
        state.admitted = 0
      }
      guard state.admitted < limit else {
        state.skipped += 1
        return nil
      }
      state.admitted += 1
      defer { state.skipped = 0 }
      return state.skipped
    }
  }
}
