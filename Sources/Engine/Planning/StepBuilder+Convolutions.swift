import CKernels

/// Plans direct convolutions: the first, dense and depthwise ones.
extension StepBuilder {
  func packedBias(_ layer: FusedLayer, _ weights: FoldedWeights, blocks: Int) -> UnsafePointer<Float> {
    constants.shared(layer.constants("bias")) { weights.packedBias(blocks: blocks) }
  }

  /// The first convolution reads the image as planes: one tap for each channel and kernel row, with the kernel's width as
  /// its depth.
  mutating func addStem(
    _ layer: FusedLayer, _ convolution: Convolution, _ weights: FoldedWeights, _ activation: Activation?
  ) throws(PlanError) {
    guard convolution.groups == 1 else {
      throw .unsupported(path: layer.path, reason: "the first convolution is dense")
    }
    let geometry = weights.geometry
    let output = memoryPlan.layout(of: layer.result)
    let taps = (0..<image.channels).flatMap { channel in
      (0..<geometry.kernel).map { ky in channel * image.planeStride + ky * image.rowStride }
    }
    let packed = constants.shared(layer.constants("stem")) {
      weights.packed(outputs: output.segments[0].blocks) { place in
        let (channel, inKernel) = place.quotientAndRemainder(dividingBy: geometry.kernel * geometry.kernel)
        return (channel, inKernel / geometry.kernel, inKernel % geometry.kernel)
      } places: {
        image.channels * geometry.kernel * geometry.kernel
      }
    }
    let corner = (image.padding - geometry.padding) * (image.rowStride + 1)
    let kernel = yx_convolution(
      taps: Int32(taps.count), depth: Int32(geometry.kernel), offsets: constants.add(taps.map(Int64.init)),
      input_pixel_stride: Int64(geometry.stride), input_row_stride: Int64(geometry.stride * image.rowStride),
      input_origin: Int64(corner), output: output.kernelLayout, residual: yx_layout(),
      has_upsampled_init: 0, upsampled_init: yx_layout(), weights: packed,
      bias: packedBias(layer, weights, blocks: output.blocks),
      width: Int32(output.width), activation: activation.codeAfterConvolution)
    append(
      .convolution(kernel), layer, input: memoryPlan.size, output: output, blocksPerUnit: 2,
      operationsPerPixel: 2 * taps.count * geometry.kernel * channelBlock)
  }

  mutating func addConvolution(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, _ residual: Value?
  ) {
    let geometry = weights.geometry
    let input = memoryPlan.layout(of: layer.input)
    let output = memoryPlan.layout(of: layer.result)
    let residualLayout = residual.map(memoryPlan.layout(of:))
    let taps = (0..<input.blocks).flatMap { block in
      (0..<geometry.kernel * geometry.kernel).map { tap in
        block * input.blockStride + tap / geometry.kernel * input.rowStride + tap % geometry.kernel
          * channelBlock
      }
    }
    let channels = input.channelOfLane
    let area = geometry.kernel * geometry.kernel
    let packed = {
      weights.packed(outputs: output.segments[0].blocks) { place in
        // Taps of a block follow each other, each 16 channels deep.
        let (tap, lane) = place.quotientAndRemainder(dividingBy: channelBlock)
        let (block, inKernel) = tap.quotientAndRemainder(dividingBy: area)
        return channels[block * channelBlock + lane].map {
          ($0, inKernel / geometry.kernel, inKernel % geometry.kernel)
        }
      } places: {
        input.blocks * area * channelBlock
      }
    }

    let corner = geometry.padding * (input.rowStride + channelBlock)
    var kernel = yx_convolution(
      taps: Int32(taps.count), depth: Int32(channelBlock), offsets: constants.add(taps.map(Int64.init)),
      input_pixel_stride: Int64(geometry.stride * channelBlock),
      input_row_stride: Int64(geometry.stride * input.rowStride), input_origin: Int64(input.origin - corner),
      output: output.kernelLayout, residual: residualLayout?.kernelLayout ?? yx_layout(),
      has_upsampled_init: 0, upsampled_init: yx_layout(), weights: nil,
      bias: packedBias(layer, weights, blocks: output.blocks),
      width: Int32(output.width), activation: activation.codeAfterConvolution)
    var rows = output.height
    let layouts = [input, output] + [residualLayout].compactMap(\.self)
    if let upsampledInit = layer.upsampledInit {
      let start = memoryPlan.layout(of: upsampledInit.value)
      kernel.has_upsampled_init = 1
      kernel.upsampled_init = start.kernelLayout
      kernel.upsampled_init.origin += Int64(
        upsampledInit.firstBlock * start.blockStride + memoryPlan.offset(of: upsampledInit.value)
          - memoryPlan.offset(of: layer.input))
    } else if layer.spanMask == nil, geometry.kernel == 1, geometry.stride == 1,
      layouts.allSatisfy({ $0.border == 0 })
    {
      // Without borders the map is one long row, which divides into wider tiles than its rows do.
      rows = StepBuilder.rowCount(pixels: output.height * output.width)
      let width = output.height * output.width / rows
      kernel.width = Int32(width)
      kernel.input_row_stride = Int64(width * channelBlock)
      kernel.output.row_stride = Int64(width * channelBlock)
      kernel.residual.row_stride = Int64(width * channelBlock)
    }
    let operations = 2 * taps.count * channelBlock * channelBlock
    if precision == .bfloat16, taps.count * channelBlock >= StepBuilder.minBFloat16Products,
      !memoryPlan.isOutput(layer.result)
    {
      let source = BFloat16Input(
        layout: yx_layout(
          origin: kernel.input_origin, row_stride: kernel.input_row_stride / Int64(geometry.stride),
          block_stride: Int64(input.blockStride)),
        planes: input.blocks, geometry: geometry, pixelFloats: channelBlock,
        taps: (0..<input.blocks).flatMap { block in
          (0..<area).map {
            (plane: block, row: $0 / geometry.kernel, float: $0 % geometry.kernel * channelBlock)
          }
        })
      appendBFloat16(
        kernel, reading: source, packed, layer, offset: memoryPlan.offset(of: layer.input),
        residual: residual,
        output: output, rows: rows, operationsPerPixel: operations)
      return
    }
    kernel.weights = constants.shared(layer.constants("dense"), packed)
    append(
      .convolution(kernel), layer, residual: residual, output: output, rows: rows, width: Int(kernel.width),
      blocksPerUnit: 2, operationsPerPixel: operations)
  }

  mutating func addDepthwise(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, _ residual: Value?
  ) throws(PlanError) {
    let geometry = weights.geometry
    guard geometry.kernel == 3 || geometry.kernel == 5 else {
      throw .unsupported(path: layer.path, reason: "depthwise kernels are 3x3 or 5x5")
    }
    guard residual == nil else {
      throw .unsupported(path: layer.path, reason: "nothing is added right after a depthwise convolution")
    }
    let input = memoryPlan.layout(of: layer.input)
    let output = memoryPlan.layout(of: layer.result)
    let corner = geometry.padding * (input.rowStride + channelBlock)
    var first = input.kernelLayout
    first.origin -= Int64(corner)
    let kernel = yx_depthwise(
      kernel: Int32(geometry.kernel), stride: Int32(geometry.stride), input: first,
      output: output.kernelLayout,
      weights: constants.shared(layer.constants("depthwise")) {
        weights.packedDepthwise(channelOfLane: output.channelOfLane)
      },
      bias: constants.shared(layer.constants("bias")) {
        weights.packedBias(channelOfLane: output.channelOfLane)
      },
      width: Int32(output.width), activation: activation.codeAfterConvolution)
    // Depthwise convolutions are limited by memory, so their operations count several times.
    append(
      .depthwise(kernel), layer, output: output, blocksPerUnit: 1,
      operationsPerPixel: 8 * geometry.kernel * geometry.kernel * channelBlock)
  }
}
