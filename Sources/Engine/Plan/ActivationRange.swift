/// Calibration of one layer's result, by channel: the range that bytes cover, and the mean.
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

/// Keys are paths of convolutions; a range is that of the result after normalisation, activation and addition. The key
/// `input` is the image.
package typealias ActivationRanges = [String: ActivationRange]
