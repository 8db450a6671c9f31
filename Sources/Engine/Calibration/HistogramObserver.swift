import PlatformC

/// Statistics of a map's values over many images, by channel, in two passes: first minimum, maximum and mean, then a
/// histogram between them.
struct HistogramObserver {
  private var lowest: [Float]
  private var highest: [Float]
  private var sums: [Double]
  private var counts: [Int]
  /// `[channels][parts]`: number of values in each part of the channel's range.
  private var spread: [UInt32]

  /// Whether some value was larger than any that bytes can stand for in float32 arithmetic, infinite or NaN.
  private(set) var isOverflowing = false

  private static let parts = 512
  /// Squares of such values, and their sums, are still finite.
  private static let limit: Float = 1e15

  init(channels: Int) {
    lowest = [Float](repeating: 0, count: channels)
    highest = [Float](repeating: 0, count: channels)
    sums = [Double](repeating: 0, count: channels)
    counts = [Int](repeating: 0, count: channels)
    spread = [UInt32](repeating: 0, count: channels * HistogramObserver.parts)
  }

  mutating func observeMinMax(_ value: Float, channel: Int) {
    guard abs(value) <= HistogramObserver.limit else {
      isOverflowing = true
      return
    }
    lowest[channel] = min(lowest[channel], value)
    highest[channel] = max(highest[channel], value)
    sums[channel] += Double(value)
    counts[channel] += 1
  }

  mutating func observeHistogram(_ value: Float, channel: Int) {
    let (low, high) = (lowest[channel], highest[channel])
    guard high > low else { return }
    let part = (value - low) / (high - low) * Float(HistogramObserver.parts)
    guard part.isFinite else { return }
    let index = Int(min(max(part, 0), Float(HistogramObserver.parts - 1)))
    spread[channel * HistogramObserver.parts + index] += 1
  }

  /// The observed range, extended to contain zero.
  var minMax: ActivationRange {
    ActivationRange(
      lowest: lowest, highest: highest, mean: zip(sums, counts).map { Float($0 / Double(max($1, 1))) })
  }

  /// For each channel, the fraction of its minimum and maximum with the least expected squared quantization error.
  var bestRange: ActivationRange {
    var best = minMax
    for channel in lowest.indices where highest[channel] > lowest[channel] {
      let shares = stride(from: 100, through: 40, by: -2).map { Float($0) / 100 }
      let errors = shares.map { squaredError(channel, share: $0) }
      guard let least = errors.min(), let index = errors.firstIndex(of: least) else { continue }
      best.lowest[channel] *= shares[index]
      best.highest[channel] *= shares[index]
    }
    return best
  }

  /// The mean squared error is scale^2 / 12 inside the range, and the squared distance to the range outside.
  private func squaredError(_ channel: Int, share: Float) -> Double {
    let (low, high) = (lowest[channel] * share, highest[channel] * share)
    let step = Double(high - low) / 255
    let width = (highest[channel] - lowest[channel]) / Float(HistogramObserver.parts)
    var error = 0.0
    for part in 0..<HistogramObserver.parts {
      let count = Double(spread[channel * HistogramObserver.parts + part])
      let value = lowest[channel] + (Float(part) + 0.5) * width
      let beyond = Double(max(low - value, value - high, 0))
      error += count * (beyond > 0 ? beyond * beyond : step * step / 12)
    }
    return error
  }
}

extension ActivationRange {
  /// The scales of the input channels are multiplied into the weights of the layer that reads them. Where scales differ a
  /// thousandfold, so do the weights, and the small ones round to zero with the scale of the largest. Channels with a small
  /// range are therefore widened, at some loss of their own precision: a fifth of the way, on a logarithmic scale, to the
  /// largest range.
  ///
  /// Agreement of YOLOX-Nano's detections in int8 with those in float32, on 159 images of COCO (AP with the latter as
  /// annotations): 0.946 without, and 0.950 to 0.957 for any share from 0.1 to 0.25.
  var equalized: ActivationRange {
    let widths = zip(lowest, highest).map { $1 - $0 }
    guard let widest = widths.max(), widest > 0 else { return self }
    var equalized = self
    for channel in widths.indices where widths[channel] > 0 {
      let factor = pow(widest / widths[channel], 0.2)
      equalized.lowest[channel] *= factor
      equalized.highest[channel] *= factor
    }
    return equalized
  }
}
