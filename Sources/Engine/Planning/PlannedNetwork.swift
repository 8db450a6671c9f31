/// A network that is ready to be planned for any input size.
struct PlannedNetwork {
  let graph: Graph
  let layers: [FusedLayer]
  /// For int8 only.
  let quantization: NetworkQuantization?
  let precision: Precision
  let instructionSet: InstructionSet

  init(_ graph: Graph, parameters: Parameters, options: PlanOptions) throws(PlanError) {
    instructionSet = try InstructionSet.selected(options.instructionSet ?? InstructionSet.requested)
    let fused = try graph.fusedLayers(parameters)
    // Optimizations replace layers, but int8 ranges belong to the original layers.
    layers = options.precision == .int8 ? fused : fused.optimized(for: graph)
    quantization =
      options.precision == .int8
      ? try NetworkQuantization(graph, layers: layers, ranges: options.ranges) : nil
    precision = options.precision
    self.graph = graph
  }

  private init(_ network: PlannedNetwork, layers: [FusedLayer]) {
    graph = network.graph
    self.layers = layers
    quantization = network.quantization
    precision = network.precision
    instructionSet = network.instructionSet
  }

  /// The network without its weights, which a plan for another size shares with the first plan.
  var withoutWeights: PlannedNetwork { PlannedNetwork(self, layers: layers.map(\.withoutWeights)) }
}

extension FusedLayer {
  fileprivate var withoutWeights: FusedLayer {
    guard case .convolution(let convolution, let weights, let activation, let residual) = work else {
      return self
    }
    let empty = FoldedWeights(
      weight: Tensor(shape: [0], values: []), bias: [], geometry: weights.geometry)
    var layer = FusedLayer(
      work: .convolution(convolution, weights: empty, activation: activation, residual: residual),
      input: input, result: result, path: path, upsampledInit: upsampledInit, packedOutputs: packedOutputs,
      order: order)
    layer.spanMask = spanMask
    return layer
  }
}
