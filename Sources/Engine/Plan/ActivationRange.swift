/// What a calibration has seen of the numbers that a layer gives, channel by channel: the range that bytes are to cover,
/// and the mean.
package struct ActivationRange: Sendable, Equatable {
  package var lowest: [Float]
  package var highest: [Float]
  package var mean: [Float]

  package init(lowest: [Float], highest: [Float], mean: [Float]) {
    precondition(
      lowest.count == highest.count && mean.count == lowest.count, "a range has all three for each channel")
    self.lowest = lowest
    self.highest = highest
    self.mean = mean
  }
}

/// By the path of the convolution whose result (after normalisation, activation and addition) it is; `input` is the
/// image's.
package typealias ActivationRanges = [String: ActivationRange]
