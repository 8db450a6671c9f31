extension FoldedWeights {
  /// `[output blocks][places][16 outputs]`, zero for unused lanes.
  ///
  /// - Parameters:
  ///   - inputOf: input channel and kernel position of a place; `nil` for unused places.
  ///   - places: number of inputs of an output pixel.
  func packed(
    outputs blocks: Int, inputOf: (Int) -> (channel: Int, ky: Int, kx: Int)?, places: () -> Int
  ) -> [Float] {
    let (outputs, inputs, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
    let places = places()
    var packed = [Float](repeating: 0, count: blocks * places * channelBlock)
    weight.values.withUnsafeBufferPointer { source in
      packed.withUnsafeMutableBufferPointer { target in
        for place in 0..<places {
          guard let (channel, ky, kx) = inputOf(place) else { continue }
          for output in 0..<outputs {
            let (block, lane) = output.quotientAndRemainder(dividingBy: channelBlock)
            let from = ((output * inputs + channel) * kernel + ky) * kernel + kx
            target[(block * places + place) * channelBlock + lane] = source[from]
          }
        }
      }
    }
    return packed
  }

  /// `[blocks][kernel * kernel][16]`
  func packedDepthwise(channelOfLane: [Int?]) -> [Float] {
    let area = weight.shape[2] * weight.shape[3]
    var packed = [Float](repeating: 0, count: channelOfLane.count * area)
    for (place, channel) in channelOfLane.enumerated() {
      guard let channel else { continue }
      let (block, lane) = place.quotientAndRemainder(dividingBy: channelBlock)
      for tap in 0..<area {
        packed[(block * area + tap) * channelBlock + lane] = weight.values[channel * area + tap]
      }
    }
    return packed
  }

  /// `[blocks][16]`
  func packedBias(blocks: Int) -> [Float] {
    bias + [Float](repeating: 0, count: blocks * channelBlock - bias.count)
  }

  func packedBias(channelOfLane: [Int?]) -> [Float] { channelOfLane.map { $0.map { bias[$0] } ?? 0 } }
}
