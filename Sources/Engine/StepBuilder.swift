import CKernels

/// Writes the steps of a plan: one for each layer, plus one that takes in the image.
struct StepBuilder {
  let placement: MemoryPlan
  let precision: Precision
  let image: PaddedInput
  let constants = PackedConstants()
  private(set) var steps: [Step] = []
  var scratchSize = 0
  /// In floats, for one image: the values, the image if it is staged, the spans of gates.
  private(set) var memorySize = 0
  private var gates: [Value: ActiveSpans] = [:]
  /// Of the constants, what steps have been told of.
  private var countedConstants = 0

  init(placement: MemoryPlan, precision: Precision, image: PaddedInput) {
    self.placement = placement
    self.precision = precision
    self.image = image
  }

  mutating func addSteps() throws(PlanError) {
    memorySize = placement.size
    if stagesImage { addStaging() }
    for layer in placement.layers {
      if let gate = layer.gate, gates[gate.by] == nil { addGate(gate.by, path: layer.path) }
      switch layer.work {
      case .convolution(let convolution, let weights, let activation, let residual):
        if StepBuilder.isFocus(layer, channels: image.channels) {
          addFocus(layer, weights, activation)
        } else if layer.input.index == 0 {
          try addStem(layer, convolution, weights, activation)
        } else if convolution.isDepthwise {
          try addDepthwise(layer, weights, activation, residual)
        } else if convolution.groups == 1, prefersWinograd(layer, weights.geometry) {
          addWinograd(layer, weights, activation, residual)
        } else if convolution.groups == 1 {
          addConvolution(layer, weights, activation, residual)
        } else {
          throw .unsupported(path: layer.path, reason: "convolutions are dense or depthwise, not in groups")
        }
      case .maxPool(let kernel): addMaxPool(layer, kernel: kernel)
      case .upsample2x: addUpsample(layer)
      case .activation(let activation): addActivate(layer, activation.kernelCode, residual: nil)
      case .add(let other): addActivate(layer, YX_IDENTITY, residual: other)
      case .copy(let block): addActivate(layer, YX_IDENTITY, residual: nil, toBlock: block)
      }
      countBytes(of: layer)
    }
  }

  /// Whether some layer reads the image from memory with a border.
  var stagesImage: Bool {
    placement.layers.contains {
      $0.input.index == 0 && !StepBuilder.isFocus($0, channels: image.channels)
    }
  }

  private mutating func addGate(_ value: Value, path: String) {
    let map = placement.layout(of: value)
    let reaches = placement.layers.compactMap { $0.gate }.filter { $0.by == value }.map(\.reach)
    let memory = ActiveSpans(
      offset: memorySize, height: map.height, reaches: (reaches.max() ?? 0) + 1)
    memorySize += (memory.size + channelBlock - 1) / channelBlock * channelBlock
    gates[value] = memory
    var source = map.kernelLayout
    source.origin += Int64(map.firstLane)
    steps.append(
      Step(
        kernel: .gate(memory, input: source), path: path, input: placement.offset(of: value), residual: nil,
        output: memory.offset, outputLayout: yx_layout(), width: map.width, height: map.height, border: 0,
        blocksPerUnit: 1, blocks: 1, rowsPerUnit: map.height, operations: map.height * map.width))
  }

  private mutating func addStaging() {
    memorySize += image.size
    steps.append(
      Step(
        kernel: .stage, path: "image", input: 0, residual: nil, output: placement.size,
        outputLayout: image.layout, width: image.width, height: image.height, border: 0, blocksPerUnit: 1,
        blocks: image.channels, rowsPerUnit: 32, operations: image.channels * image.height * image.width))
  }

  /// The first convolution reads the image as planes: a tap for each channel and kernel row, as deep as the kernel is
  /// wide.
  private mutating func addStem(
    _ layer: FusedLayer, _ convolution: Convolution, _ weights: FoldedWeights, _ activation: Activation?
  ) throws(PlanError) {
    guard convolution.groups == 1 else {
      throw .unsupported(path: layer.path, reason: "the first convolution is dense")
    }
    let geometry = weights.geometry
    let output = placement.layout(of: layer.result)
    let taps = (0..<image.channels).flatMap { channel in
      (0..<geometry.kernel).map { ky in channel * image.planeStep + ky * image.rowStep }
    }
    let packed = weights.packed(outputs: output.segments[0].blocks) { place in
      let (channel, inKernel) = place.quotientAndRemainder(dividingBy: geometry.kernel * geometry.kernel)
      return (channel, inKernel / geometry.kernel, inKernel % geometry.kernel)
    } places: {
      image.channels * geometry.kernel * geometry.kernel
    }
    let corner = (image.padding - geometry.padding) * (image.rowStep + 1)
    let kernel = yx_convolution(
      taps: Int32(taps.count), depth: Int32(geometry.kernel), offsets: constants.add(taps.map(Int64.init)),
      input_pixel_step: Int64(geometry.stride), input_row_step: Int64(geometry.stride * image.rowStep),
      input_origin: Int64(corner), output: output.kernelLayout, residual: yx_layout(),
      begins_doubled: 0, doubled: yx_layout(), weights: constants.add(packed),
      bias: constants.add(weights.packedBias(blocks: output.blocks)),
      width: Int32(output.width), activation: activation.codeAfterConvolution)
    append(
      .convolution(kernel), layer, input: placement.size, output: output, blocksPerUnit: 2,
      operationsPerPixel: 2 * taps.count * geometry.kernel * channelBlock)
  }

  private mutating func addConvolution(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, _ residual: Value?
  ) {
    let geometry = weights.geometry
    let input = placement.layout(of: layer.input)
    let output = placement.layout(of: layer.result)
    let residualLayout = residual.map(placement.layout(of:))
    let taps = (0..<input.blocks).flatMap { block in
      (0..<geometry.kernel * geometry.kernel).map { tap in
        block * input.blockStep + tap / geometry.kernel * input.rowStep + tap % geometry.kernel * channelBlock
      }
    }
    let channels = input.channelOfPlace
    let area = geometry.kernel * geometry.kernel
    let packed = weights.packed(outputs: output.segments[0].blocks) { place in
      // Taps of a block follow each other, each 16 channels deep.
      let (tap, lane) = place.quotientAndRemainder(dividingBy: channelBlock)
      let (block, inKernel) = tap.quotientAndRemainder(dividingBy: area)
      return channels[block * channelBlock + lane].map {
        ($0, inKernel / geometry.kernel, inKernel % geometry.kernel)
      }
    } places: {
      input.blocks * area * channelBlock
    }

    let corner = geometry.padding * (input.rowStep + channelBlock)
    var kernel = yx_convolution(
      taps: Int32(taps.count), depth: Int32(channelBlock), offsets: constants.add(taps.map(Int64.init)),
      input_pixel_step: Int64(geometry.stride * channelBlock),
      input_row_step: Int64(geometry.stride * input.rowStep), input_origin: Int64(input.origin - corner),
      output: output.kernelLayout, residual: residualLayout?.kernelLayout ?? yx_layout(),
      begins_doubled: 0, doubled: yx_layout(), weights: nil,
      bias: constants.add(weights.packedBias(blocks: output.blocks)),
      width: Int32(output.width), activation: activation.codeAfterConvolution)
    var rows = output.height
    let layouts = [input, output] + [residualLayout].compactMap(\.self)
    if let doubled = layer.doubled {
      let start = placement.layout(of: doubled.value)
      kernel.begins_doubled = 1
      kernel.doubled = start.kernelLayout
      kernel.doubled.origin += Int64(
        doubled.firstBlock * start.blockStep + placement.offset(of: doubled.value)
          - placement.offset(of: layer.input))
    } else if layer.gate == nil, geometry.kernel == 1, geometry.stride == 1,
      layouts.allSatisfy({ $0.border == 0 })
    {
      // Without borders the map is one long row, which divides into wider tiles than its rows do.
      rows = StepBuilder.rowCount(pixels: output.height * output.width)
      let width = output.height * output.width / rows
      kernel.width = Int32(width)
      kernel.input_row_step = Int64(width * channelBlock)
      kernel.output.row_stride = Int64(width * channelBlock)
      kernel.residual.row_stride = Int64(width * channelBlock)
    }
    let operations = 2 * taps.count * channelBlock * channelBlock
    if precision == .bfloat16, taps.count * channelBlock >= StepBuilder.fewestNarrowFactors,
      !placement.isOutput(layer.result)
    {
      let source = NarrowInput(
        layout: yx_layout(
          origin: kernel.input_origin, row_stride: kernel.input_row_step / Int64(geometry.stride),
          block_step: Int64(input.blockStep)),
        planes: input.blocks, geometry: geometry, pixelFloats: channelBlock,
        taps: (0..<input.blocks).flatMap { block in
          (0..<area).map {
            (plane: block, row: $0 / geometry.kernel, float: $0 % geometry.kernel * channelBlock)
          }
        })
      appendNarrow(
        kernel, reading: source, packed, layer, offset: placement.offset(of: layer.input), residual: residual,
        output: output, rows: rows, operationsPerPixel: operations)
      return
    }
    kernel.weights = constants.add(packed)
    append(
      .convolution(kernel), layer, residual: residual, output: output, rows: rows, width: Int(kernel.width),
      blocksPerUnit: 2, operationsPerPixel: operations)
  }

  private mutating func addDepthwise(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, _ residual: Value?
  ) throws(PlanError) {
    let geometry = weights.geometry
    guard geometry.kernel == 3 || geometry.kernel == 5 else {
      throw .unsupported(path: layer.path, reason: "depthwise kernels are 3x3 or 5x5")
    }
    guard residual == nil else {
      throw .unsupported(path: layer.path, reason: "nothing is added right after a depthwise convolution")
    }
    let input = placement.layout(of: layer.input)
    let output = placement.layout(of: layer.result)
    let corner = geometry.padding * (input.rowStep + channelBlock)
    var first = input.kernelLayout
    first.origin -= Int64(corner)
    let kernel = yx_depthwise(
      kernel: Int32(geometry.kernel), stride: Int32(geometry.stride), input: first,
      output: output.kernelLayout,
      weights: constants.add(weights.packedDepthwise(channelOfPlace: output.channelOfPlace)),
      bias: constants.add(weights.packedBias(channelOfPlace: output.channelOfPlace)),
      width: Int32(output.width), activation: activation.codeAfterConvolution)
    // A depthwise convolution waits for memory more than it computes: it counts for several times its operations.
    append(
      .depthwise(kernel), layer, output: output, blocksPerUnit: 1,
      operationsPerPixel: 8 * geometry.kernel * geometry.kernel * channelBlock)
  }

  private mutating func addMaxPool(_ layer: FusedLayer, kernel size: Int) {
    let output = placement.layout(of: layer.result)
    let pool = yx_max_pool(
      kernel: Int32(size), input: placement.layout(of: layer.input).kernelLayout,
      output: output.kernelLayout, width: Int32(output.width), height: Int32(output.height))
    scratchSize = max(scratchSize, (output.width + size) * channelBlock)
    append(
      .maxPool(pool), layer, output: output, blocksPerUnit: 1, operationsPerPixel: 4 * size * channelBlock)
  }

  private mutating func addUpsample(_ layer: FusedLayer) {
    append(
      .upsample2x(input: placement.layout(of: layer.input).kernelLayout), layer,
      output: placement.layout(of: layer.result), blocksPerUnit: 1, operationsPerPixel: 4 * channelBlock)
  }

  private mutating func addActivate(
    _ layer: FusedLayer, _ activation: yx_activation, residual: Value?, toBlock block: Int = 0
  ) {
    let input = placement.layout(of: layer.input)
    let whole = placement.layout(of: layer.result)
    let output = BlockedLayout(
      channels: input.channels, height: whole.height, width: whole.width, border: whole.border,
      segments: input.segments, firstBlock: whole.firstBlock + block)
    append(
      .activate(
        activation, input: input.kernelLayout,
        residual: residual.map { placement.layout(of: $0).kernelLayout }),
      layer, residual: residual, output: output, blocksPerUnit: 1, operationsPerPixel: 16 * channelBlock)
  }

  mutating func append(_ step: Step) { steps.append(step) }

  /// Tells the last step, which is that of `layer`, what it moves.
  mutating func countBytes(of layer: FusedLayer) {
    let maps = layer.maps.reduce(0) { $0 + placement.byteCount(of: $1) }
    steps[steps.count - 1].bytes = maps + constants.byteCount - countedConstants
    countedConstants = constants.byteCount
  }

  /// - Parameter operationsPerPixel: for each pixel of each block.
  mutating func append(
    _ kernel: Step.Kernel, _ layer: FusedLayer, input: Int? = nil, residual: Value? = nil,
    output: BlockedLayout, rows: Int? = nil, width: Int? = nil, units: Int? = nil, rowsPerUnit: Int? = nil,
    blocksPerUnit: Int, operationsPerPixel: Int
  ) {
    let operations = output.blocks * output.height * output.width * operationsPerPixel
    let rows = rows ?? output.height
    let blockChunks = (output.blocks + blocksPerUnit - 1) / blocksPerUnit
    // Units of some ten microseconds: small enough to even out, large enough for a shared counter not to matter.
    let wanted = units ?? min(max(operations / 1_000_000, 4), 64)
    let rowChunks = min(max(1, (wanted + blockChunks - 1) / blockChunks), rows)
    steps.append(
      Step(
        kernel: kernel, path: layer.path, input: input ?? placement.offset(of: layer.input),
        residual: residual.map(placement.offset(of:)), output: placement.offset(of: layer.result),
        outputLayout: output.kernelLayout, width: width ?? output.width, height: rows, border: output.border,
        blocksPerUnit: blocksPerUnit, blocks: output.blocks,
        rowsPerUnit: rowsPerUnit ?? (rows + rowChunks - 1) / rowChunks, operations: operations,
        gate: layer.gate.flatMap { gate in gates[gate.by].map { ($0, gate.reach) } }))
  }

  /// How many equal rows to cut `pixels` into, so that the rows divide into nearly full tiles of 14 and there are
  /// enough of them to share.
  static func rowCount(pixels: Int) -> Int {
    let tile = 14
    let candidates = (1...64).filter { pixels.isMultiple(of: $0) }
    let tiles = { (rows: Int) in rows * ((pixels / rows + tile - 1) / tile) }
    let fewest = candidates.map(tiles).min() ?? 0
    return candidates.last { tiles($0) <= fewest + fewest / 16 } ?? 1
  }
}

extension Activation {
  var kernelCode: yx_activation {
    switch self {
    case .silu: YX_SILU
    case .relu: YX_RELU
    case .leakyReLU: YX_LEAKY_RELU
    case .sigmoid: YX_SIGMOID
    }
  }
}

extension Activation? {
  var kernelCode: yx_activation { self?.kernelCode ?? YX_IDENTITY }
  /// After a convolution of rewritten layers, whose weights are multiplied by log2 e where a SiLU follows.
  var codeAfterConvolution: yx_activation { self == .silu ? YX_SILU_OF_LOG2 : kernelCode }
}
