import CKernels

/// Memory for a copy of the image with a border of zeros for the first convolution. It lies behind the memory of the values
/// and is not reused, so its border stays zero.
struct PaddedInput {
  let channels: Int
  let height: Int
  let width: Int
  let padding: Int
  let elementSize: ElementSize

  init(channels: Int, height: Int, width: Int, layers: [FusedLayer], elementSize: ElementSize = .float) {
    self.elementSize = elementSize
    self.channels = channels
    self.height = height
    self.width = width
    padding =
      layers.compactMap { layer in
        guard layer.input.index == 0, case .convolution(_, let weights, _, _) = layer.work else { return nil }
        return weights.geometry.padding
      }.max() ?? 0
  }

  var rowStride: Int { width + 2 * padding }
  var planeStride: Int { (height + 2 * padding) * rowStride }
  /// In floats, a whole number of cache lines.
  var size: Int {
    (elementSize.floats(for: channels * planeStride) + channelBlock - 1) / channelBlock * channelBlock
  }
  var layout: yx_layout {
    yx_layout(
      origin: Int64(padding * rowStride + padding), row_stride: Int64(rowStride),
      block_stride: Int64(planeStride))
  }
}
