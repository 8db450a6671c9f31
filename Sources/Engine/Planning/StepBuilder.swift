import CKernels

/// Builds the steps of a plan: one for each layer, plus one that copies the image if needed.
struct StepBuilder {
  let memoryPlan: MemoryPlan
  let precision: Precision
  let image: PaddedInput
  let constants: PackedConstants
  private(set) var steps: [Step] = []
  var scratchSize = 0
  /// In floats, for one image: the values, the copy of the image, the spans of masks.
  private(set) var memorySize = 0
  private var activeSpans: [Value: ActiveSpans] = [:]
  /// Bytes of constants that are already attributed to steps.
  private var countedConstants = 0

  init(memoryPlan: MemoryPlan, precision: Precision, image: PaddedInput, constants: PackedConstants) {
    self.constants = constants
    self.memoryPlan = memoryPlan
    self.precision = precision
    self.image = image
  }

  mutating func addSteps() throws(PlanError) {
    memorySize = memoryPlan.size
    if stagesImage { addStaging() }
    for layer in memoryPlan.layers {
      if let mask = layer.spanMask, activeSpans[mask.by] == nil { addSpanSearch(mask.by, path: layer.path) }
      switch layer.work {
      case .convolution(let convolution, let weights, let activation, let residual):
        if StepBuilder.isFocus(layer, channels: image.channels) {
          addFocus(layer, weights, activation)
        } else if layer.input.index == 0 {
          try addStem(layer, convolution, weights, activation)
        } else if convolution.isDepthwise {
          try addDepthwise(layer, weights, activation, residual)
        } else if convolution.groups == 1, usesWinograd(layer, weights.geometry) {
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

  /// Whether a layer reads the copy of the image with a border.
  var stagesImage: Bool {
    memoryPlan.layers.contains {
      $0.input.index == 0 && !StepBuilder.isFocus($0, channels: image.channels)
    }
  }

  private mutating func addSpanSearch(_ value: Value, path: String) {
    let map = memoryPlan.layout(of: value)
    let reaches = memoryPlan.layers.compactMap { $0.spanMask }.filter { $0.by == value }.map(\.reach)
    let memory = ActiveSpans(
      offset: memorySize, height: map.height, reaches: (reaches.max() ?? 0) + 1)
    memorySize += (memory.size + channelBlock - 1) / channelBlock * channelBlock
    activeSpans[value] = memory
    var source = map.kernelLayout
    source.origin += Int64(map.firstLane)
    steps.append(
      Step(
        kernel: .findSpans(memory, input: source), path: path, input: memoryPlan.offset(of: value),
        residual: nil,
        output: memory.offset, outputLayout: yx_layout(), width: map.width, height: map.height, border: 0,
        blocksPerUnit: 1, blocks: 1, rowsPerUnit: map.height, operations: map.height * map.width))
  }

  private mutating func addStaging() {
    memorySize += image.size
    steps.append(
      Step(
        kernel: .stage, path: "image", input: 0, residual: nil, output: memoryPlan.size,
        outputLayout: image.layout, width: image.width, height: image.height, border: 0, blocksPerUnit: 1,
        blocks: image.channels, rowsPerUnit: 32, operations: image.channels * image.height * image.width))
  }

  private mutating func addMaxPool(_ layer: FusedLayer, kernel size: Int) {
    let output = memoryPlan.layout(of: layer.result)
    let pool = yx_max_pool(
      kernel: Int32(size), input: memoryPlan.layout(of: layer.input).kernelLayout,
      output: output.kernelLayout, width: Int32(output.width), height: Int32(output.height))
    scratchSize = max(scratchSize, (output.width + size) * channelBlock)
    append(
      .maxPool(pool), layer, output: output, blocksPerUnit: 1, operationsPerPixel: 4 * size * channelBlock)
  }

  private mutating func addUpsample(_ layer: FusedLayer) {
    append(
      .upsample2x(input: memoryPlan.layout(of: layer.input).kernelLayout), layer,
      output: memoryPlan.layout(of: layer.result), blocksPerUnit: 1, operationsPerPixel: 4 * channelBlock)
  }

  private mutating func addActivate(
    _ layer: FusedLayer, _ activation: yx_activation, residual: Value?, toBlock block: Int = 0
  ) {
    let input = memoryPlan.layout(of: layer.input)
    let whole = memoryPlan.layout(of: layer.result)
    let output = BlockedLayout(
      channels: input.channels, height: whole.height, width: whole.width, border: whole.border,
      segments: input.segments, firstBlock: whole.firstBlock + block)
    append(
      .activate(
        activation, input: input.kernelLayout,
        residual: residual.map { memoryPlan.layout(of: $0).kernelLayout }),
      layer, residual: residual, output: output, blocksPerUnit: 1, operationsPerPixel: 16 * channelBlock)
  }

  mutating func append(_ step: Step) { steps.append(step) }

  /// Sets the memory traffic of the last step, which belongs to `layer`.
  mutating func countBytes(of layer: FusedLayer) {
    let maps = layer.maps.reduce(0) { $0 + memoryPlan.byteCount(of: $1) }
    steps[steps.count - 1].bytes = maps + constants.readByteCount - countedConstants
    countedConstants = constants.readByteCount
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
    // Units of some ten microseconds: small enough to balance threads, large enough to hide the shared counter's cost.
    let wanted = units ?? min(max(operations / 1_000_000, 4), 64)
    let rowChunks = min(max(1, (wanted + blockChunks - 1) / blockChunks), rows)
    steps.append(
      Step(
        kernel: kernel, path: layer.path, input: input ?? memoryPlan.offset(of: layer.input),
        residual: residual.map(memoryPlan.offset(of:)), output: memoryPlan.offset(of: layer.result),
        outputLayout: output.kernelLayout, width: width ?? output.width, height: rows, border: output.border,
        blocksPerUnit: blocksPerUnit, blocks: output.blocks,
        rowsPerUnit: rowsPerUnit ?? (rows + rowChunks - 1) / rowChunks, operations: operations,
        spanMask: layer.spanMask.flatMap { mask in activeSpans[mask.by].map { ($0, mask.reach) } }))
  }

  /// Number of equal rows to divide `pixels` into: rows of nearly full tiles of 14 pixels, and enough rows for all threads.
  static func rowCount(pixels: Int) -> Int {
    let tile = 14
    let candidates = (1...64).filter { pixels.isMultiple(of: $0) }
    let tiles = { (rows: Int) in rows * ((pixels / rows + tile - 1) / tile) }
    let fewest = candidates.map(tiles).min() ?? 0
    return candidates.last { tiles($0) <= fewest + fewest / 16 } ?? 1
  }
}
