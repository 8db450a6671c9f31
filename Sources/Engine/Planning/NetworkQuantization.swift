/// Quantization parameters of every map of a network.
struct NetworkQuantization {
  /// By value. A concatenation has those of its parts; pooling and upsampling keep those of their input.
  private let quantizations: [Value: QuantizationParameters]

  var values: Set<Value> { Set(quantizations.keys) }

  subscript(_ value: Value) -> QuantizationParameters? { quantizations[value] }

  /// - Throws: ``PlanError/ranges(_:)`` naming every layer without a range, ``PlanError/unsupported(path:reason:)``.
  init(_ graph: Graph, layers: [FusedLayer], ranges: ActivationRanges) throws(PlanError) {
    let outputs = Set(graph.outputs.map(\.value))
    let layerPaths = Dictionary(uniqueKeysWithValues: layers.map { ($0.result, $0.path) })
    var quantizations: [Value: QuantizationParameters] = [:]
    var missing: [String] = []

    for (index, node) in graph.nodes.enumerated() {
      let value = Value(index: index)
      let inputs = node.inputs.compactMap { quantizations[$0] }
      switch node.operation {
      case .concat:
        quantizations[value] = QuantizationParameters(joining: inputs)
      case .maxPool, .upsample2x:
        quantizations[value] = inputs.first
      case .input:
        quantizations[value] = ranges[node.path].map(QuantizationParameters.init(covering:))
        if quantizations[value] == nil { missing.append(node.path) }
      case .convolution, .batchNormalization, .activation, .add, .focus:
        guard let path = layerPaths[value], !outputs.contains(value) else { continue }
        quantizations[value] = ranges[path].map(QuantizationParameters.init(covering:))
        if quantizations[value] == nil { missing.append(path) }
      }
      if let found = quantizations[value], found.scales.count != node.channels { missing.append(node.path) }
    }
    guard missing.isEmpty else { throw .ranges(missing) }
    self.quantizations = quantizations
  }
}
