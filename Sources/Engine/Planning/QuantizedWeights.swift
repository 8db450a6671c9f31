/// A layer's weights in bytes and what turns its sums back into numbers.
struct QuantizedWeights {
  /// Symmetric, `-127...127` of a scale of each output channel's own; in two parts `-16256...16256`, of which the first
  /// holds the upper bits: `128 * first + second`.
  let parts: [[Int8]]
  /// `[output channels]`: number = scale * sum + bias.
  let scale: [Float]
  let bias: [Float]

  /// The steps of the input channels are multiplied into the weights, their zeros into the bias.
  ///
  /// Rounding the weights moves the mean of a sum, the more so as most activations are above zero on average. The bias
  /// takes that back, computed from the input's means (Nagel et al., "Data-Free QuantizationParameters through Weight Equalization
  /// and Bias Correction", 2019, section 4.2).
  ///
  /// - Parameters:
  ///   - inputOf: the input channel that weight `index` of output channel `output` meets.
  init(
    _ weights: FoldedWeights, parts partCount: Int, input: QuantizationParameters,
    inputOf: (_ output: Int, _ index: Int) -> Int
  ) {
    let outputs = weights.bias.count
    let perOutput = weights.weight.count / outputs
    let largest: Float = partCount == 1 ? 127 : 127 * 128
    var parts = [[Int8]](repeating: [Int8](repeating: 0, count: weights.weight.count), count: partCount)
    var scale = [Float](repeating: 1, count: outputs)
    var bias = weights.bias
    for output in 0..<outputs {
      let channels = (0..<perOutput).map { inputOf(output, $0) }
      let scaled = channels.enumerated().map { index, channel in
        weights.weight.values[output * perOutput + index] * input.scales[channel]
      }
      let most = scaled.reduce(0) { max($0, abs($1)) }
      if most > 0, most.isFinite { scale[output] = most / largest }
      var correction = 0.0
      for (index, channel) in channels.enumerated() {
        let level = (scaled[index] / scale[output]).rounded()
        let rounded = level.isFinite ? min(max(level, -largest), largest) : 0
        // sum of w (x - zero), and what is added to it on average
        let error = Double(rounded * scale[output]) - Double(scaled[index])
        correction += Double(rounded) * Double(scale[output]) * Double(input.zeroPoints[channel])
        correction += error * Double(input.means[channel] / input.scales[channel])
        let whole = Int(rounded)
        if partCount == 1 {
          parts[0][output * perOutput + index] = Int8(whole)
        } else {
          let upper = (whole + 64) >> 7
          parts[0][output * perOutput + index] = Int8(upper)
          parts[1][output * perOutput + index] = Int8(whole - upper * 128)
        }
      }
      bias[output] = Float(Double(bias[output]) - correction)
    }
    self.parts = parts
    self.scale = scale
    self.bias = bias
  }

  /// `[output blocks][parts][places / 4][16 outputs][4 places]`, zero where there is no such channel.
  ///
  /// - Parameters:
  ///   - places: how many bytes an output pixel sees, a multiple of 4.
  ///   - indexOf: which of an output channel's weights a place meets; `nil` for places that no channel fills.
  func packed(outputs blocks: Int, places: Int, indexOf: (Int) -> Int?) -> [Int8] {
    let outputs = bias.count
    let perOutput = parts[0].count / outputs
    let partSize = places * channelBlock
    var packed = [Int8](repeating: 0, count: blocks * parts.count * partSize)
    for place in 0..<places {
      guard let index = indexOf(place) else { continue }
      for output in 0..<outputs {
        let (block, lane) = output.quotientAndRemainder(dividingBy: channelBlock)
        for (number, part) in parts.enumerated() {
          let start = (block * parts.count + number) * partSize
          packed[start + (place / 4 * channelBlock + lane) * 4 + place % 4] = part[output * perOutput + index]
        }
      }
    }
    return packed
  }

  /// `[blocks][3][16][4]`: the three weights of each row and a zero.
  func packedDepthwise(channelOfLane: [Int?]) -> [Int8] {
    var packed = [Int8](repeating: 0, count: channelOfLane.count * 12)
    for (place, channel) in channelOfLane.enumerated() {
      guard let channel else { continue }
      let (block, lane) = place.quotientAndRemainder(dividingBy: channelBlock)
      for tap in 0..<9 {
        packed[((block * 3 + tap / 3) * channelBlock + lane) * 4 + tap % 3] = parts[0][channel * 9 + tap]
      }
    }
    return packed
  }
}
