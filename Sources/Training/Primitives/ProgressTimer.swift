import Engine

/// Measures throughput and tells when periodic work is due.
struct ProgressTimer {
  private let start = ContinuousClock.now
  private var lastLine = ContinuousClock.now
  private var images = 0

  mutating func add(images count: Int) { images += count }

  var imagesPerSecond: Double { Double(images) / max(start.duration(to: .now).seconds, 1e-9) }

  /// Whether the next progress line is due.
  mutating func isLineDue() -> Bool { ProgressTimer.isDue(&lastLine, every: .seconds(10)) }

  /// Whether `interval` has passed since `last`; if so, sets `last` to now.
  static func isDue(_ last: inout ContinuousClock.Instant, every interval: Duration) -> Bool {
    guard last.duration(to: .now) >= interval else { return false }
    last = .now
    return true
  }
}
