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
    let instructionSet = try InstructionSet.selected(options.instructionSet ?? InstructionSet.requested)
    let fused = try graph.fusedLayers(parameters)
    // Optimizations replace layers, but int8 ranges belong to the original layers.
    let layers = options.precision == .int8 ? fused : fused.optimized(for: graph)
    guard case .input(let channels)? = graph.nodes.first?.operation else {
      throw .unsupported(path: graph.nodes.first?.path ?? "graph", reason: "a graph begins with its input")
    }
    guard height > 0, width > 0, graph.halvesEvenly(height: height, width: width) else {
      throw .inputSize(height: height, width: width, reason: "some layer would have to halve an odd size")
    }
    let quantization =
      options.precision == .int8
      ? try NetworkQuantization(graph, layers: layers, ranges: options.ranges) : nil
    let memoryPlan = MemoryPlan(
      graph, layers: layers, height: height, width: width, bytes: quantization?.values ?? [])
    var builder = StepBuilder(
      memoryPlan: memoryPlan, precision: options.precision,
      image: PaddedInput(
        channels: channels, height: height, width: width, layers: layers,
        elementSize: quantization == nil ? .float : .byte))
    if let quantization {
      try builder.addQuantizedSteps(
        quantization, kernels: instructionSet.quantizedKernels)
    } else {
      try builder.addSteps()
    }

    self.init(
      inputShape: [channels, height, width], instructionSet: instructionSet, precision: options.precision,
      steps: builder.steps,
      outputs: Dictionary(
        uniqueKeysWithValues: graph.outputs.map {
          ($0.name, Output(layout: memoryPlan.layout(of: $0.value), offset: memoryPlan.offset(of: $0.value)))
        }),
      memorySize: quantization == nil ? builder.memorySize : memoryPlan.size + builder.image.size,
      scratchSize: builder.scratchSize, constants: builder.constants)
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
