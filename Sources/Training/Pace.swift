import Engine

/// How fast a run is, and when it is time for something that is done now and then.
struct Pace {
  private let start = ContinuousClock.now
  private var lastLine = ContinuousClock.now
  private var images = 0

  mutating func add(images count: Int) { images += count }

  var imagesPerSecond: Double { Double(images) / max(start.duration(to: .now).seconds, 1e-9) }

  /// Whether people have waited long enough for another line.
  mutating func isLineDue() -> Bool { Pace.isDue(&lastLine, every: .seconds(10)) }

  /// Whether `interval` has passed since `last`, which then is now.
  static func isDue(_ last: inout ContinuousClock.Instant, every interval: Duration) -> Bool {
    guard last.duration(to: .now) >= interval else { return false }
    last = .now
    return true
  }
}
