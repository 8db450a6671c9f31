/// How the bytes of a map stand for numbers: `number = scale * (byte - zeroPoint)`, channel by channel.
struct QuantizationParameters: Equatable {
  var scales: [Float]
  /// Whole numbers in 0...255.
  var zeroPoints: [Float]
  /// What the numbers are on average.
  var means: [Float]

  init(joining parts: [QuantizationParameters]) {
    scales = parts.flatMap(\.scales)
    zeroPoints = parts.flatMap(\.zeroPoints)
    means = parts.flatMap(\.means)
  }

  /// 256 evenly spaced numbers that cover the range and have zero among them, which is what borders are filled with.
  init(covering range: ActivationRange) {
    scales = []
    zeroPoints = []
    means = range.mean
    for (lowest, highest) in zip(range.lowest, range.highest) {
      let (low, high) = (min(lowest, 0), max(highest, 0))
      // A file may hold anything: what is no range makes a layer useless, but nothing worse.
      let scale = (high - low).isFinite && high > low ? (high - low) / 255 : 1
      let zero = (-low / scale).rounded()
      scales.append(scale)
      zeroPoints.append(zero.isFinite ? min(max(zero, 0), 255) : 0)
    }
  }
}
