extension Plan {
  /// Plans a network for one size of its input.
  ///
  /// - Parameters:
  ///   - parameters: all weights of the graph; those of BatchNorm may be absent if already folded.
  ///   - height, width: pixels of the images.
  /// - Throws: ``PlanError`` for missing or misshapen weights, layers without a kernel, layers without a range (int8), an
  ///   input size that some layer cannot halve, an unknown or unsupported instruction set.
  package convenience init(
    _ graph: Graph, parameters: Parameters, height: Int, width: Int, options: PlanOptions = PlanOptions()
  ) throws(PlanError) {
    try self.init(
      PlannedNetwork(graph, parameters: parameters, options: options), height: height, width: width,
      constants: PackedConstants())
  }

  private convenience init(
    _ network: PlannedNetwork, height: Int, width: Int, constants: PackedConstants
  ) throws(PlanError) {
    let graph = network.graph
    guard case .input(let channels)? = graph.nodes.first?.operation else {
      throw .unsupported(path: graph.nodes.first?.path ?? "graph", reason: "a graph begins with its input")
    }
    guard height > 0, width > 0, graph.halvesEvenly(height: height, width: width) else {
      throw .inputSize(height: height, width: width, reason: "some layer would have to halve an odd size")
    }
    let memoryPlan = MemoryPlan(
      graph, layers: network.layers, height: height, width: width, bytes: network.quantization?.values ?? [])
    var builder = StepBuilder(
      memoryPlan: memoryPlan, precision: network.precision,
      image: PaddedInput(
        channels: channels, height: height, width: width, layers: network.layers,
        elementSize: network.quantization == nil ? .float : .byte),
      constants: constants)
    if let quantization = network.quantization {
      try builder.addQuantizedSteps(quantization, kernels: network.instructionSet.quantizedKernels)
    } else {
      try builder.addSteps()
    }
    let memorySize =
      network.quantization == nil ? builder.memorySize : memoryPlan.size + builder.image.size
    let sized = network.withoutWeights
    self.init(
      inputShape: [channels, height, width], instructionSet: network.instructionSet,
      precision: network.precision, steps: builder.steps,
      outputs: Dictionary(
        uniqueKeysWithValues: graph.outputs.map {
          ($0.name, Output(layout: memoryPlan.layout(of: $0.value), offset: memoryPlan.offset(of: $0.value)))
        }),
      memorySize: memorySize,
      imageMemory: memoryPlan.size..<min(memoryPlan.size + builder.image.size, memorySize),
      scratchSize: builder.scratchSize, constants: constants,
      resize: { height, width throws(PlanError) in
        try Plan(
          sized, height: height, width: width,
          constants: PackedConstants(sharing: constants.base ?? constants))
      })
  }
}

extension Graph {
  /// Whether halving and upsampling restore the size of every map, so that concatenated maps have equal sizes.
  fileprivate func halvesEvenly(height: Int, width: Int) -> Bool {
    let shapes = shapes(batch: 1, height: height, width: width)
    return nodes.enumerated().allSatisfy { index, node in
      switch node.operation {
      case .add, .concat:
        return node.inputs.allSatisfy { shapes[$0.index].dropFirst(2) == shapes[index].dropFirst(2) }
      case .focus:
        let source = shapes[node.inputs[0].index]
        return source[2] % 2 == 0 && source[3] % 2 == 0
      default:
        return shapes[index].allSatisfy { $0 > 0 }
      }
    }
  }
}
