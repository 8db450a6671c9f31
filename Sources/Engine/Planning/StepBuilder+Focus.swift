import CKernels

/// Plans the convolution after a focus by Winograd's F(4x4, 3x3), directly from the image; see focus.inl.h.
extension StepBuilder {
  /// Whether a focus was folded into the first convolution and the image's phases fit into one block.
  static func isFocus(_ layer: FusedLayer, channels: Int) -> Bool {
    guard layer.input.index == 0, case .convolution(let convolution, let weights, _, nil) = layer.work,
      convolution.groups == 1, 4 * channels <= channelBlock
    else { return false }
    return weights.geometry.kernel == 6 && weights.geometry.stride == 2
  }

  mutating func addFocus(_ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?) {
    let output = memoryPlan.layout(of: layer.result)
    let tiles = WinogradTiles(output)
    let depth = 4 * image.channels
    let rowStride = ((output.width + 7) / 8 * 8 + 2) * channelBlock
    let winograd = yx_winograd(
      input_blocks: 1, depth: Int32(depth), output_blocks: Int32(output.blocks), width: Int32(output.width),
      height: Int32(output.height), tiles_across: Int32(tiles.across), input: yx_layout(),
      output: output.kernelLayout, residual: yx_layout(),
      weights: constants.shared(layer.constants("focus")) {
        weights.packedWinograd(outputs: output.blocks, places: depth) { place in
          let (channel, phase) = place.quotientAndRemainder(dividingBy: 4)
          return .init(first: channel * 36 + phase / 2 * 6 + phase % 2, rowStride: 12, columnStride: 2)
        }
      },
      bias: packedBias(layer, weights, blocks: output.blocks),
      activation: activation.codeAfterConvolution)
    // Each unit lays out two extra rows of phases: large units do less work in total, small ones balance better.
    let rowsPerUnit = 8
    scratchSize = max(
      scratchSize,
      (rowsPerUnit + 2) * rowStride + Int(YX_FOCUS_TILES) * Int(YX_WINOGRAD) * 4 * channelBlock)
    append(
      .focus(yx_focus(winograd: winograd, channels: Int32(image.channels), row_stride: Int64(rowStride))),
      layer,
      input: 0, output: output, rowsPerUnit: rowsPerUnit, blocksPerUnit: output.blocks,
      operationsPerPixel: 2 * 9 * depth * channelBlock)
  }
}
