import CKernels

/// Plans networks whose maps are bytes. The first convolution and those that give the network's outputs have weights of
/// 15 bits; the outputs are float32.
extension StepBuilder {
  mutating func addQuantizedSteps(
    _ quantization: NetworkQuantization, kernels: yx_quantized_kernels
  ) throws(PlanError) {
    var writer = QuantizedStepWriter(quantization: quantization, kernels: kernels)
    try writer.addSteps(to: &self)
  }
}

private struct QuantizedStepWriter {
  let quantization: NetworkQuantization
  let kernels: yx_quantized_kernels

  mutating func addSteps(to builder: inout StepBuilder) throws(PlanError) {
    addStaging(to: &builder)
    for layer in builder.placement.layers {
      switch layer.work {
      case .convolution(let convolution, let weights, let activation, let residual):
        if convolution.isDepthwise {
          guard weights.geometry.kernel == 3, residual == nil else {
            throw .unsupported(
              path: layer.path, reason: "in int8 a depthwise convolution is 3x3 and nothing is added to it")
          }
          try addDepthwise(layer, weights, activation, to: &builder)
        } else if convolution.groups == 1 {
          try addConvolution(layer, weights, activation, residual, to: &builder)
        } else {
          throw .unsupported(path: layer.path, reason: "convolutions are dense or depthwise, not in groups")
        }
      case .maxPool(let kernel): addMaxPool(layer, kernel: kernel, to: &builder)
      case .upsample2x: addUpsample(layer, to: &builder)
      case .copy(let block): addCopy(layer, toBlock: block, to: &builder)
      case .activation, .add:
        throw .unsupported(
          path: layer.path, reason: "in int8 activations and additions come right after a convolution")
      }
      builder.countBytes(of: layer)
    }
  }
}

// MARK: Convolutions

extension QuantizedStepWriter {
  private func quantization(of value: Value, for layer: FusedLayer) throws(PlanError) -> Quantization {
    guard let found = quantization[value] else {
      throw .unsupported(path: layer.path, reason: "an output of a network in int8 is not read by it")
    }
    return found
  }

  private func addConvolution(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, _ residual: Value?,
    to builder: inout StepBuilder
  ) throws(PlanError) {
    let geometry = weights.geometry
    let input = try quantization(of: layer.input, for: layer)
    let output = builder.placement.layout(of: layer.result)
    let isFirst = layer.input.index == 0
    let isLast = quantization[layer.result] == nil
    if isLast, activation != nil || residual != nil {
      throw .unsupported(path: layer.path, reason: "an output of a network in int8 is a bare convolution")
    }
    let area = geometry.kernel * geometry.kernel
    let quantized = QuantizedWeights(weights, parts: isFirst || isLast ? 2 : 1, input: input) { _, index in
      index / area
    }
    let taps = isFirst ? stemTaps(geometry, builder.image) : blockTaps(geometry, layer.input, builder)

    let residualLayout = residual.map(builder.placement.layout(of:))
    var kernel = yx_quantized_convolution(
      taps: Int32(taps.offsets.count), depth: Int32(taps.depth),
      offsets: builder.constants.add(taps.offsets.map(Int64.init)),
      input_pixel_step: Int64(geometry.stride * taps.pixelStep),
      input_row_step: Int64(geometry.stride * taps.rowStep), input_origin: Int64(taps.origin),
      output: output.kernelLayout, residual: residualLayout?.kernelLayout ?? yx_layout(),
      weights: builder.constants.add(
        quantized.packed(
          outputs: output.blocks, places: taps.offsets.count * taps.depth * 4, indexOf: taps.weightOfPlace)),
      parts: Int32(quantized.parts.count), width: Int32(output.width),
      requantization: requantization(
        quantized, activation, residual: residual, result: layer.result, places: output.channelOfPlace,
        builder.constants))
    var rows = output.height
    let borders =
      [output.border, residualLayout?.border ?? 0]
      + (isFirst ? [] : [builder.placement.layout(of: layer.input).border])
    if !isFirst, geometry.kernel == 1, geometry.stride == 1, borders.allSatisfy({ $0 == 0 }) {
      // Without borders the map is one long row, which divides into wider tiles than its rows do.
      rows = StepBuilder.rowCount(pixels: output.height * output.width)
      let width = output.height * output.width / rows
      kernel.width = Int32(width)
      kernel.input_row_step = Int64(width * channelBlock)
      kernel.output.row_stride = Int64(width * channelBlock)
      kernel.residual.row_stride = Int64(width * channelBlock)
    }
    let operations = 2 * taps.offsets.count * taps.depth * 4 * channelBlock
    append(
      .convolution(kernel), layer, to: &builder, input: isFirst ? builder.placement.size : nil,
      residual: residual, output: output, rows: rows, width: Int(kernel.width), blocksPerUnit: 2,
      operationsPerPixel: operations)
  }

  /// Where a convolution's taps are and which weights they meet.
  private struct Taps {
    let offsets: [Int]
    /// Words of 4 bytes.
    let depth: Int
    let pixelStep: Int
    let rowStep: Int
    let origin: Int
    let weightOfPlace: (Int) -> Int?
  }

  /// The image lies in planes: a tap for each channel and kernel row, its words are neighbouring pixels.
  private func stemTaps(_ geometry: FoldedWeights.Geometry, _ image: PaddedInput) -> Taps {
    let (kernel, depth) = (geometry.kernel, (geometry.kernel + 3) / 4)
    return Taps(
      offsets: (0..<image.channels).flatMap { channel in
        (0..<kernel).map { channel * image.planeStep + $0 * image.rowStep }
      }, depth: depth, pixelStep: 1, rowStep: image.rowStep,
      origin: (image.padding - geometry.padding) * (image.rowStep + 1)
    ) { place in
      let (tap, column) = place.quotientAndRemainder(dividingBy: depth * 4)
      return column < kernel ? tap * kernel + column : nil
    }
  }

  /// A tap for each block and kernel position, its words are 16 channels of a pixel.
  private func blockTaps(
    _ geometry: FoldedWeights.Geometry, _ value: Value, _ builder: StepBuilder
  ) -> Taps {
    let map = builder.placement.layout(of: value)
    let (kernel, area) = (geometry.kernel, geometry.kernel * geometry.kernel)
    let channels = map.channelOfPlace
    return Taps(
      offsets: (0..<map.blocks).flatMap { block in
        (0..<area).map { block * map.blockStep + $0 / kernel * map.rowStep + $0 % kernel * channelBlock }
      }, depth: channelBlock / 4, pixelStep: channelBlock, rowStep: map.rowStep,
      origin: map.origin - geometry.padding * (map.rowStep + channelBlock)
    ) { place in
      let (tap, lane) = place.quotientAndRemainder(dividingBy: channelBlock)
      let (block, position) = tap.quotientAndRemainder(dividingBy: area)
      return channels[block * channelBlock + lane].map { $0 * area + position }
    }
  }

  private func addDepthwise(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, to builder: inout StepBuilder
  ) throws(PlanError) {
    let input = builder.placement.layout(of: layer.input)
    let output = builder.placement.layout(of: layer.result)
    let quantized = QuantizedWeights(
      weights, parts: 1, input: try quantization(of: layer.input, for: layer)
    ) { output, _ in output }
    guard quantization[layer.result] != nil else {
      throw .unsupported(path: layer.path, reason: "an output of a network in int8 is a dense convolution")
    }
    var first = input.kernelLayout
    first.origin -= Int64(input.rowStep + channelBlock)
    let kernel = yx_quantized_depthwise(
      stride: Int32(weights.geometry.stride), input: first, output: output.kernelLayout,
      weights: builder.constants.add(quantized.packedDepthwise(channelOfPlace: output.channelOfPlace)),
      width: Int32(output.width),
      requantization: requantization(
        quantized, activation, residual: nil, result: layer.result, places: output.channelOfPlace,
        builder.constants))
    append(
      .depthwise(kernel), layer, to: &builder, output: output, blocksPerUnit: 1,
      operationsPerPixel: 8 * 9 * channelBlock)
  }

  /// - Parameter places: for each place in the output's blocks its channel.
  private func requantization(
    _ weights: QuantizedWeights, _ activation: Activation?, residual: Value?, result: Value, places: [Int?],
    _ constants: PackedConstants
  ) -> yx_requantization {
    let numbers = { (of: (Int) -> Float) in constants.add(places.map { $0.map(of) ?? 0 }) }
    var requantization = yx_requantization()
    requantization.scale = numbers { weights.scale[$0] }
    requantization.bias = numbers { weights.bias[$0] }
    requantization.activation = activation.kernelCode
    if let added = residual.flatMap({ quantization[$0] }) {
      requantization.residual_scale = numbers { added.steps[$0] }
      requantization.residual_bias = numbers { -added.steps[$0] * added.zeros[$0] }
    }
    if let output = quantization[result] {
      requantization.output_scale = numbers { 1 / output.steps[$0] }
      requantization.output_zero = numbers { output.zeros[$0] }
    }
    return requantization
  }
}

// MARK: What moves bytes

extension QuantizedStepWriter {
  private func addStaging(to builder: inout StepBuilder) {
    guard let image = quantization[Value(index: 0)] else { return }
    let staging = builder.image
    builder.append(
      Step(
        kernel: .quantized(
          QuantizedKernel(
            work: .stage(image, padding: staging.padding), kernels: kernels, zeros: nil)),
        path: "image", input: 0, residual: nil, output: builder.placement.size,
        outputLayout: staging.layout, width: staging.width, height: staging.height, border: 0,
        blocksPerUnit: 1, blocks: staging.channels, rowsPerUnit: 32,
        operations: staging.channels * staging.height * staging.width))
  }

  private func addMaxPool(_ layer: FusedLayer, kernel size: Int, to builder: inout StepBuilder) {
    let output = builder.placement.layout(of: layer.result)
    let pool = yx_max_pool(
      kernel: Int32(size), input: builder.placement.layout(of: layer.input).kernelLayout,
      output: output.kernelLayout, width: Int32(output.width), height: Int32(output.height))
    builder.scratchSize = max(builder.scratchSize, output.width * channelBlock / 4)
    append(
      .maxPool(pool), layer, to: &builder, output: output, blocksPerUnit: 1,
      operationsPerPixel: 4 * size * channelBlock)
  }

  private func addUpsample(_ layer: FusedLayer, to builder: inout StepBuilder) {
    append(
      .upsample2x(input: builder.placement.layout(of: layer.input).kernelLayout), layer, to: &builder,
      output: builder.placement.layout(of: layer.result), blocksPerUnit: 1,
      operationsPerPixel: 4 * channelBlock)
  }

  private func addCopy(_ layer: FusedLayer, toBlock block: Int, to builder: inout StepBuilder) {
    let input = builder.placement.layout(of: layer.input)
    let whole = builder.placement.layout(of: layer.result)
    let output = BlockedLayout(
      channels: input.channels, height: whole.height, width: whole.width, border: whole.border,
      segments: input.segments, firstBlock: whole.firstBlock + block)
    append(
      .copy(input: input.kernelLayout), layer, to: &builder, output: output, blocksPerUnit: 1,
      operationsPerPixel: 4 * channelBlock)
  }

  private func append(
    _ work: QuantizedKernel.Work, _ layer: FusedLayer, to builder: inout StepBuilder, input: Int? = nil,
    residual: Value? = nil, output: BlockedLayout, rows: Int? = nil, width: Int? = nil, blocksPerUnit: Int,
    operationsPerPixel: Int
  ) {
    // A part of a concatenation is copied as it is; all other steps write a value of their own.
    let source = if case .copy = work { layer.input } else { layer.result }
    let zeros = quantization[source].map { zeros in
      builder.constants.add(output.channelOfPlace.map { $0.map { UInt8(zeros.zeros[$0]) } ?? 0 })
    }
    let blockChunks = (output.blocks + blocksPerUnit - 1) / blocksPerUnit
    let operations = output.blocks * output.height * output.width * operationsPerPixel
    builder.append(
      .quantized(QuantizedKernel(work: work, kernels: kernels, zeros: zeros)), layer, input: input,
      residual: residual, output: output, rows: rows, width: width,
      units: min(max(operations / 4_000_000, 4), 64 * blockChunks), blocksPerUnit: blocksPerUnit,
      operationsPerPixel: operationsPerPixel)
  }
}
