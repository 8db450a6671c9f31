/// A layer's weights in bytes, with the scale and bias that convert its sums to numbers.
struct QuantizedWeights {
  /// Symmetric with a scale for each output channel: `-127...127`, or in two parts `-16256...16256`, equal to
  /// `128 * first + second`.
  let parts: [[Int8]]
  /// `[output channels]`: number = scale * sum + bias.
  let scale: [Float]
  let bias: [Float]

  /// The scales of the input channels are multiplied into the weights, their zero points into the bias.
  ///
  /// Rounding the weights shifts the mean of a sum, because most activations have a positive mean. The bias corrects the
  /// shift, computed from the input's means (Nagel et al., "Data-Free Quantization through Weight Equalization and Bias
  /// Correction", 2019, section 4.2).
  ///
  /// - Parameters:
  ///   - inputOf: the input channel of weight `index` of output channel `output`.
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
      let maximum = scaled.reduce(0) { max($0, abs($1)) }
      if maximum > 0, maximum.isFinite { scale[output] = maximum / largest }
      var correction = 0.0
      for (index, channel) in channels.enumerated() {
        let level = (scaled[index] / scale[output]).rounded()
        let rounded = level.isFinite ? min(max(level, -largest), largest) : 0
        // Sum of w (x - zero point), and its mean shift.
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

  /// `[output blocks][parts][places / 4][16 outputs][4 places]`, zero for unused lanes.
  ///
  /// - Parameters:
  ///   - places: number of input bytes of an output pixel, a multiple of 4.
  ///   - indexOf: index of the weight for a place; `nil` for unused places.
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
