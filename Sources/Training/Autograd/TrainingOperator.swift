import Engine

/// One operation of ``TrainingExecutor``: a graph node, or a batch normalisation fused with the activation after it.
struct TrainingOperator {
  enum Kind {
    case input
    case convolution(ConvolutionOperator)
    case normalization(BatchNormOperator)
    case activation(Activation)
    case add
    case concat
    case maxPool(kernel: Int)
    case upsample2x
    case focus
  }

  let kind: Kind
  /// Node indices of the inputs.
  let inputs: [Int]
  /// Index of the node whose value this operator computes.
  let result: Int
  let isFrozen: Bool
  /// Whether this operator or one before it has trainable parameters.
  let needsGradient: Bool
  let inputNeedsGradient: [Bool]

  static func operators(
    of graph: Graph, layout: ParameterLayout, isBatchNormFrozen: Bool, detached: String?,
    isFrozen: (String) -> Bool
  ) -> [TrainingOperator] {
    var consumers = Array(repeating: 0, count: graph.nodes.count)
    for node in graph.nodes { for input in node.inputs { consumers[input.index] += 1 } }
    for output in graph.outputs { consumers[output.value.index] += 1 }

    var operators: [TrainingOperator] = []
    var needsGradient = Array(repeating: false, count: graph.nodes.count)
    var index = 0
    while index < graph.nodes.count {
      let node = graph.nodes[index]
      var result = index
      let kind: Kind
      switch node.operation {
      case .input: kind = .input
      case .convolution(let convolution):
        kind = .convolution(
          ConvolutionOperator(
            convolution: convolution, weightOffset: layout.offset(node.path + ".weight"),
            biasOffset: convolution.hasBias ? layout.offset(node.path + ".bias") : nil))
      case .batchNormalization:
        var activation: Activation?
        if index + 1 < graph.nodes.count, case .activation(let next) = graph.nodes[index + 1].operation,
          graph.nodes[index + 1].inputs.map(\.index) == [index], consumers[index] == 1
        {
          activation = next
          result = index + 1
        }
        kind = .normalization(
          BatchNormOperator(
            weightOffset: layout.offset(node.path + ".weight"),
            biasOffset: layout.offset(node.path + ".bias"),
            meanOffset: layout.offset(node.path + ".running_mean"),
            varianceOffset: layout.offset(node.path + ".running_var"), activation: activation,
            isBatchNormFrozen: isBatchNormFrozen || isFrozen(node.path)))
      case .activation(let activation): kind = .activation(activation)
      case .add: kind = .add
      case .concat: kind = .concat
      case .maxPool(let kernel): kind = .maxPool(kernel: kernel)
      case .upsample2x: kind = .upsample2x
      case .focus: kind = .focus
      }
      let inputs = node.inputs.map(\.index)
      let frozen = isFrozen(node.path)
      let inputNeeds = inputs.map { input in
        let isDetached =
          detached.map { node.path.hasPrefix($0) && !graph.nodes[input].path.hasPrefix($0) } ?? false
        return needsGradient[input] && !isDetached
      }
      let hasWeights =
        switch kind {
        case .convolution, .normalization: !frozen
        default: false
        }
      let needs = hasWeights || inputNeeds.contains(true)
      needsGradient[index] = needs
      needsGradient[result] = needs
      operators.append(
        TrainingOperator(
          kind: kind, inputs: inputs, result: result, isFrozen: frozen, needsGradient: needs,
          inputNeedsGradient: inputNeeds))
      index = result + 1
    }
    return operators
  }
}
