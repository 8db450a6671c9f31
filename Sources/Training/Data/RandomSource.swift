/// SplitMix64 (Steele, Lea, Flood 2014). One is made for each picture of each epoch from the run's seed, so what a
/// picture looks like does not depend on which worker makes it, or on whether the run was resumed.
package struct RandomSource: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// The source for one place in the run, e.g. seed, epoch, index.
  package init(_ path: UInt64...) {
    state = 0
    for number in path { state = next() ^ number }
    _ = next()
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  package mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * Float(next() >> 40) / Float(1 << 24)
  }

  package mutating func chance(_ probability: Float) -> Bool { uniform(0, 1) < probability }
}
