/// Quantization of a map, by channel: `number = scale * (byte - zeroPoint)`.
struct QuantizationParameters: Equatable {
  var scales: [Float]
  /// Whole numbers in 0...255.
  var zeroPoints: [Float]
  /// Means of the numbers.
  var means: [Float]

  init(joining parts: [QuantizationParameters]) {
    scales = parts.flatMap(\.scales)
    zeroPoints = parts.flatMap(\.zeroPoints)
    means = parts.flatMap(\.means)
  }

  /// 256 evenly spaced numbers that cover the range and include zero, which fills borders.
  init(covering range: ActivationRange) {
    scales = []
    zeroPoints = []
    means = range.mean
    for (lowest, highest) in zip(range.lowest, range.highest) {
      let (low, high) = (min(lowest, 0), max(highest, 0))
      // Files may hold arbitrary numbers: an invalid range makes a layer's results useless, but must not trap.
      let scale = (high - low).isFinite && high > low ? (high - low) / 255 : 1
      let zero = (-low / scale).rounded()
      scales.append(scale)
      zeroPoints.append(zero.isFinite ? min(max(zero, 0), 255) : 0)
    }
  }
}
