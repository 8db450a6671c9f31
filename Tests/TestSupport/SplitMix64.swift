// Re-exported, so that tests of targets that do not use the engine have the same generator.
@_exported import struct Engine.SplitMix64

extension SplitMix64 {
  /// Evenly spread in `range`.
  package mutating func float(in range: ClosedRange<Float> = -1...1) -> Float {
    let unit = Float(next() >> 40) / Float(1 << 24)
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }

  package mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in float(in: range) }
  }
}
