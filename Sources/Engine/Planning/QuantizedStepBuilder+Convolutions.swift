import CKernels

extension QuantizedStepWriter {
  private func quantization(of value: Value, for layer: FusedLayer) throws(PlanError)
    -> QuantizationParameters
  {
    guard let found = quantization[value] else {
      throw .unsupported(path: layer.path, reason: "an output of a network in int8 is not read by it")
    }
    return found
  }

  func addConvolution(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, _ residual: Value?,
    to builder: inout StepBuilder
  ) throws(PlanError) {
    let geometry = weights.geometry
    let input = try quantization(of: layer.input, for: layer)
    let output = builder.memoryPlan.layout(of: layer.result)
    let isFirst = layer.input.index == 0
    let isLast = quantization[layer.result] == nil
    if isLast, activation != nil || residual != nil {
      throw .unsupported(path: layer.path, reason: "an output of a network in int8 is a bare convolution")
    }
    let area = geometry.kernel * geometry.kernel
    let partCount = isFirst || isLast ? 2 : 1
    lazy var quantized = QuantizedWeights(weights, parts: partCount, input: input) { _, index in
      index / area
    }
    let taps = isFirst ? stemTaps(geometry, builder.image) : blockTaps(geometry, layer.input, builder)

    let residualLayout = residual.map(builder.memoryPlan.layout(of:))
    var kernel = yx_quantized_convolution(
      taps: Int32(taps.offsets.count), depth: Int32(taps.depth),
      offsets: builder.constants.add(taps.offsets.map(Int64.init)),
      input_pixel_stride: Int64(geometry.stride * taps.pixelStride),
      input_row_stride: Int64(geometry.stride * taps.rowStride), input_origin: Int64(taps.origin),
      output: output.kernelLayout, residual: residualLayout?.kernelLayout ?? yx_layout(),
      weights: builder.constants.shared(layer.constants("int8")) {
        quantized.packed(
          outputs: output.blocks, places: taps.offsets.count * taps.depth * 4, indexOf: taps.weightOfPlace)
      },
      parts: Int32(partCount), width: Int32(output.width),
      requantization: requantization(
        { quantized }, activation, residual: residual, layer, places: output.channelOfLane,
        builder.constants))
    var rows = output.height
    let borders =
      [output.border, residualLayout?.border ?? 0]
      + (isFirst ? [] : [builder.memoryPlan.layout(of: layer.input).border])
    if !isFirst, geometry.kernel == 1, geometry.stride == 1, borders.allSatisfy({ $0 == 0 }) {
      // Without borders the map is one long row, which divides into wider tiles than its rows do. StepBuilder does the same
      // for the float kernel, which is another C struct.
      rows = StepBuilder.rowCount(pixels: output.height * output.width)
      let width = output.height * output.width / rows
      kernel.width = Int32(width)
      kernel.input_row_stride = Int64(width * channelBlock)
      kernel.output.row_stride = Int64(width * channelBlock)
      kernel.residual.row_stride = Int64(width * channelBlock)
    }
    let operations = 2 * taps.offsets.count * taps.depth * 4 * channelBlock
    append(
      .convolution(kernel), layer, to: &builder, input: isFirst ? builder.memoryPlan.size : nil,
      residual: residual, output: output, rows: rows, width: Int(kernel.width), blocksPerUnit: 2,
      operationsPerPixel: operations)
  }

  /// The taps of a convolution and the weights for each.
  private struct Taps {
    let offsets: [Int]
    /// Words of 4 bytes.
    let depth: Int
    let pixelStride: Int
    let rowStride: Int
    let origin: Int
    let weightOfPlace: (Int) -> Int?
  }

  /// For an image in planes: one tap for each channel and kernel row; a word has neighbouring pixels.
  private func stemTaps(_ geometry: FoldedWeights.Geometry, _ image: PaddedInput) -> Taps {
    let (kernel, depth) = (geometry.kernel, (geometry.kernel + 3) / 4)
    return Taps(
      offsets: (0..<image.channels).flatMap { channel in
        (0..<kernel).map { channel * image.planeStride + $0 * image.rowStride }
      }, depth: depth, pixelStride: 1, rowStride: image.rowStride,
      origin: (image.padding - geometry.padding) * (image.rowStride + 1)
    ) { place in
      let (tap, column) = place.quotientAndRemainder(dividingBy: depth * 4)
      return column < kernel ? tap * kernel + column : nil
    }
  }

  /// One tap for each block and kernel position; its words are the 16 channels of a pixel.
  private func blockTaps(
    _ geometry: FoldedWeights.Geometry, _ value: Value, _ builder: StepBuilder
  ) -> Taps {
    let map = builder.memoryPlan.layout(of: value)
    let (kernel, area) = (geometry.kernel, geometry.kernel * geometry.kernel)
    let channels = map.channelOfLane
    return Taps(
      offsets: (0..<map.blocks).flatMap { block in
        (0..<area).map { block * map.blockStride + $0 / kernel * map.rowStride + $0 % kernel * channelBlock }
      }, depth: channelBlock / 4, pixelStride: channelBlock, rowStride: map.rowStride,
      origin: map.origin - geometry.padding * (map.rowStride + channelBlock)
    ) { place in
      let (tap, lane) = place.quotientAndRemainder(dividingBy: channelBlock)
      let (block, position) = tap.quotientAndRemainder(dividingBy: area)
      return channels[block * channelBlock + lane].map { $0 * area + position }
    }
  }

  func addDepthwise(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, to builder: inout StepBuilder
  ) throws(PlanError) {
    let input = builder.memoryPlan.layout(of: layer.input)
    let output = builder.memoryPlan.layout(of: layer.result)
    let source = try quantization(of: layer.input, for: layer)
    lazy var quantized = QuantizedWeights(weights, parts: 1, input: source) { output, _ in output }
    guard quantization[layer.result] != nil else {
      throw .unsupported(path: layer.path, reason: "an output of a network in int8 is a dense convolution")
    }
    var first = input.kernelLayout
    first.origin -= Int64(input.rowStride + channelBlock)
    let kernel = yx_quantized_depthwise(
      stride: Int32(weights.geometry.stride), input: first, output: output.kernelLayout,
      weights: builder.constants.shared(layer.constants("int8")) {
        quantized.packedDepthwise(channelOfLane: output.channelOfLane)
      },
      width: Int32(output.width),
      requantization: requantization(
        { quantized }, activation, residual: nil, layer, places: output.channelOfLane, builder.constants))
    append(
      .depthwise(kernel), layer, to: &builder, output: output, blocksPerUnit: 1,
      operationsPerPixel: 8 * 9 * channelBlock)
  }

  /// - Parameters:
  ///   - weights: called only for the network's first plan.
  ///   - places: the channel of each lane of the output's blocks.
  private func requantization(
    _ weights: () -> QuantizedWeights, _ activation: Activation?, residual: Value?, _ layer: FusedLayer,
    places: [Int?], _ constants: PackedConstants
  ) -> yx_requantization {
    func numbers(_ name: String, _ number: (Int) -> Float) -> UnsafePointer<Float> {
      constants.shared(layer.constants(name)) { places.map { $0.map(number) ?? 0 } }
    }
    var requantization = yx_requantization()
    requantization.scale = numbers("scale") { weights().scale[$0] }
    requantization.bias = numbers("bias") { weights().bias[$0] }
    requantization.activation = activation.kernelCode
    if let added = residual.flatMap({ quantization[$0] }) {
      requantization.residual_scale = numbers("residual_scale") { added.scales[$0] }
      requantization.residual_bias = numbers("residual_bias") {
        -added.scales[$0] * added.zeroPoints[$0]
      }
    }
    if let output = quantization[layer.result] {
      requantization.output_scale = numbers("output_scale") { 1 / output.scales[$0] }
      requantization.output_zero_point = numbers("output_zero_point") { output.zeroPoints[$0] }
    }
    return requantization
  }
}
