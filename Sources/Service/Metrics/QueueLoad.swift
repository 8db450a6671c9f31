/// The jobs of a queue at some moment.
package struct QueueLoad: Sendable {
  package let queued: Int
  package let running: Int
  /// When the oldest job was queued or, if it runs, when it started.
  let oldest: ContinuousClock.Instant?

  /// How long the oldest job has waited or run; zero without jobs.
  package var age: Duration { oldest.map { $0.duration(to: .now) } ?? .zero }
}
