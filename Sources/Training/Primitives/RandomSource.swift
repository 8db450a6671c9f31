import Engine

/// The random numbers of a training run, by SplitMix64. Each image of each epoch has its own source, derived from the
/// run's seed, so the augmentation depends neither on the thread that runs it nor on whether the run was resumed.
package struct RandomSource: RandomNumberGenerator, Sendable {
  private var generator: SplitMix64

  package init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  /// The source for one place in the run, for example seed, epoch and index.
  package init(_ path: UInt64...) {
    self.init(seed: 0)
    for number in path { generator = SplitMix64(seed: next() ^ number) }
    _ = next()
  }

  package mutating func next() -> UInt64 { generator.next() }

  /// Uniform in `low ..< high`.
  package mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * Float(next() >> 40) / Float(1 << 24)
  }

  /// Returns `true` with the given probability.
  package mutating func chance(_ probability: Float) -> Bool { uniform(0, 1) < probability }
}
