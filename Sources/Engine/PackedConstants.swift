/// The numbers that the kernels of a plan read: weights in the order in which they are read, biases, tap offsets.
/// Aligned to cache lines; freed with the plan.
final class PackedConstants {
  private var allocations: [UnsafeMutableRawPointer] = []
  private(set) var byteCount = 0

  deinit { for allocation in allocations { allocation.deallocate() } }

  func add<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafePointer<Element> {
    let bytes = max(values.count, 1) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    let typed = raw.bindMemory(to: Element.self, capacity: values.count)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { typed.initialize(from: base, count: values.count) }
    }
    allocations.append(raw)
    byteCount += bytes
    return UnsafePointer(typed)
  }
}

extension FoldedWeights {
  /// `[output blocks][places][16 outputs]`, zero where there is no such channel.
  ///
  /// - Parameters:
  ///   - inputOf: which input channel and kernel position a place reads; `nil` for places that no channel fills.
  ///   - places: how many input numbers an output pixel sees.
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
  func packedDepthwise(channelOfPlace: [Int?]) -> [Float] {
    let area = weight.shape[2] * weight.shape[3]
    var packed = [Float](repeating: 0, count: channelOfPlace.count * area)
    for (place, channel) in channelOfPlace.enumerated() {
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

  func packedBias(channelOfPlace: [Int?]) -> [Float] { channelOfPlace.map { $0.map { bias[$0] } ?? 0 } }
}
