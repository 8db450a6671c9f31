import CKernels

/// Plans networks in int8. The first convolution and those of the network's outputs have 15-bit weights; the outputs are
/// float32.
extension StepBuilder {
  mutating func addQuantizedSteps(
    _ quantization: NetworkQuantization, kernels: yx_quantized_kernels
  ) throws(PlanError) {
    var writer = QuantizedStepWriter(quantization: quantization, kernels: kernels)
    try writer.addSteps(to: &self)
  }
}

struct QuantizedStepWriter {
  let quantization: NetworkQuantization
  let kernels: yx_quantized_kernels

  mutating func addSteps(to builder: inout StepBuilder) throws(PlanError) {
    addStaging(to: &builder)
    for layer in builder.memoryPlan.layers {
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

extension QuantizedStepWriter {
  private func addStaging(to builder: inout StepBuilder) {
    guard let image = quantization[Value(index: 0)] else { return }
    let staging = builder.image
    builder.append(
      Step(
        kernel: .quantized(
          QuantizedKernel(
            work: .stage(image, padding: staging.padding), kernels: kernels, zeros: nil)),
        path: "image", input: 0, residual: nil, output: builder.memoryPlan.size,
        outputLayout: staging.layout, width: staging.width, height: staging.height, border: 0,
        blocksPerUnit: 1, blocks: staging.channels, rowsPerUnit: 32,
        operations: staging.channels * staging.height * staging.width))
  }

  private func addMaxPool(_ layer: FusedLayer, kernel size: Int, to builder: inout StepBuilder) {
    let output = builder.memoryPlan.layout(of: layer.result)
    let pool = yx_max_pool(
      kernel: Int32(size), input: builder.memoryPlan.layout(of: layer.input).kernelLayout,
      output: output.kernelLayout, width: Int32(output.width), height: Int32(output.height))
    builder.scratchSize = max(builder.scratchSize, output.width * channelBlock / 4)
    append(
      .maxPool(pool), layer, to: &builder, output: output, blocksPerUnit: 1,
      operationsPerPixel: 4 * size * channelBlock)
  }

  private func addUpsample(_ layer: FusedLayer, to builder: inout StepBuilder) {
    append(
      .upsample2x(input: builder.memoryPlan.layout(of: layer.input).kernelLayout), layer, to: &builder,
      output: builder.memoryPlan.layout(of: layer.result), blocksPerUnit: 1,
      operationsPerPixel: 4 * channelBlock)
  }

  private func addCopy(_ layer: FusedLayer, toBlock block: Int, to builder: inout StepBuilder) {
    let input = builder.memoryPlan.layout(of: layer.input)
    let whole = builder.memoryPlan.layout(of: layer.result)
    let output = BlockedLayout(
      channels: input.channels, height: whole.height, width: whole.width, border: whole.border,
      segments: input.segments, firstBlock: whole.firstBlock + block)
    append(
      .copy(input: input.kernelLayout), layer, to: &builder, output: output, blocksPerUnit: 1,
      operationsPerPixel: 4 * channelBlock)
  }

  func append(
    _ work: QuantizedKernel.Work, _ layer: FusedLayer, to builder: inout StepBuilder, input: Int? = nil,
    residual: Value? = nil, output: BlockedLayout, rows: Int? = nil, width: Int? = nil, blocksPerUnit: Int,
    operationsPerPixel: Int
  ) {
    // A copied part of a concatenation keeps its bytes; all other steps write a value of their own.
    let source = if case .copy = work { layer.input } else { layer.result }
    let zeros = quantization[source].map { zeros in
      builder.constants.add(output.channelOfLane.map { $0.map { UInt8(zeros.zeroPoints[$0]) } ?? 0 })
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
