import Synchronization

/// The text of the metrics, made at most once a second: making it takes milliseconds on an event loop.
package final class MetricsText: Sendable {
  private struct Cached {
    let text: String
    let time: ContinuousClock.Instant
  }

  private let cached = Mutex<Cached?>(nil)

  package init() {}

  package func text(at now: ContinuousClock.Instant, _ make: () -> String) -> String {
    cached.withLock { cached in
      if let known = cached, now - known.time < .seconds(1) { return known.text }
      let made = Cached(text: make(), time: now)
      cached = made
      return made.text
    }
  }
}
