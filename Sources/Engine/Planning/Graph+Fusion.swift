extension Graph {
  /// Fuses nodes into layers that kernels compute in one pass.
  ///
  /// - Throws: ``PlanError/weights(_:)`` naming every weight that is missing or misshapen, ``PlanError/unsupported``.
  func fusedLayers(_ parameters: Parameters) throws(PlanError) -> [FusedLayer] {
    try checkWeights(parameters)
    let consumers = consumerCounts()
    var layers: [FusedLayer] = []
    var fused = Set<Int>()

    for (index, node) in nodes.enumerated() where !fused.contains(index) {
      let value = Value(index: index)
      switch node.operation {
      case .input, .concat:
        continue
      case .focus:
        guard nodes[node.inputs[0].index].operation.isInput else {
          throw .unsupported(path: node.path, reason: "a focus is supported on the image only")
        }
      case .convolution(let convolution):
        var weights = foldedWeights(convolution, node, parameters)
        var last = value
        var activation: Activation?
        var residual: Value?
        if let next = soleConsumer(of: last, consumers), nodes[next].operation == .batchNormalization {
          weights.multiply(by: nodes[next], parameters)
          last = Value(index: next)
          fused.insert(next)
        }
        if let next = soleConsumer(of: last, consumers), case .activation(let kind) = nodes[next].operation {
          activation = kind
          last = Value(index: next)
          fused.insert(next)
        }
        if let next = soleConsumer(of: last, consumers), nodes[next].operation == .add,
          let other = nodes[next].inputs.first(where: { $0 != last }), other.index < index
        {
          residual = other
          last = Value(index: next)
          fused.insert(next)
        }
        var input = node.inputs[0]
        if nodes[input.index].operation == .focus {
          weights.foldFocus()
          input = nodes[input.index].inputs[0]
        }
        layers.append(
          FusedLayer(
            work: .convolution(convolution, weights: weights, activation: activation, residual: residual),
            input: input, result: last, path: node.path))
      case .batchNormalization:
        throw .unsupported(
          path: node.path, reason: "a normalisation is supported only right after a convolution")
      case .activation(let activation):
        layers.append(
          .init(work: .activation(activation), input: node.inputs[0], result: value, path: node.path))
      case .add:
        layers.append(
          .init(work: .add(node.inputs[1]), input: node.inputs[0], result: value, path: node.path))
      case .maxPool(let kernel):
        layers.append(
          .init(work: .maxPool(kernel: kernel), input: node.inputs[0], result: value, path: node.path))
      case .upsample2x:
        layers.append(.init(work: .upsample2x, input: node.inputs[0], result: value, path: node.path))
      }
    }
    return layers
  }

  private func checkWeights(_ parameters: Parameters) throws(PlanError) {
    var problems: [String] = []
    let isFolded = !parameters.keys.contains { $0.hasSuffix(".running_mean") }
    for (index, node) in nodes.enumerated() {
      let path = node.path
      var expected: [(String, [Int])] = []
      if case .convolution(let convolution) = node.operation {
        expected.append((path + ".weight", convolution.weightShape))
        let isNormalised =
          nodes.indices.contains(index + 1) && nodes[index + 1].operation == .batchNormalization
          && nodes[index + 1].inputs[0].index == index
        if convolution.hasBias || (isFolded && isNormalised) {
          expected.append((path + ".bias", [convolution.outputChannels]))
        }
      } else if node.operation == .batchNormalization, !isFolded {
        expected += ["weight", "bias", "running_mean", "running_var"].map {
          ("\(path).\($0)", [node.channels])
        }
      }
      for (name, shape) in expected {
        guard let found = parameters[name]?.shape else {
          problems.append("\(name) is missing")
          continue
        }
        if found != shape { problems.append("\(name) is \(found) instead of \(shape)") }
      }
    }
    guard problems.isEmpty else { throw .weights(problems) }
  }

  private func foldedWeights(
    _ convolution: Convolution, _ node: Node, _ parameters: Parameters
  ) -> FoldedWeights {
    guard let weight = parameters[node.path + ".weight"] else {
      preconditionFailure("weights were checked before folding")
    }
    return FoldedWeights(
      weight: weight,
      bias: parameters[node.path + ".bias"]?.values
        ?? [Float](repeating: 0, count: convolution.outputChannels),
      geometry: .init(kernel: convolution.kernel, stride: convolution.stride, padding: convolution.padding))
  }

  /// Number of reads of each value; an output of the graph counts as read by the caller.
  private func consumerCounts() -> [[Int]] {
    var consumers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { consumers[input.index].append(index) }
    }
    for output in outputs { consumers[output.value.index].append(nodes.count) }
    return consumers
  }

  private func soleConsumer(of value: Value, _ consumers: [[Int]]) -> Int? {
    guard consumers[value.index].count == 1, consumers[value.index][0] < nodes.count else { return nil }
    return consumers[value.index][0]
  }
}

extension Operation {
  fileprivate var isInput: Bool { if case .input = self { true } else { false } }
}
