/// One step of a network after fusion: what a kernel does in a single pass.
struct FusedLayer {
  enum Work {
    /// Convolution, BatchNorm folded in, activation, and optionally a value to add.
    case convolution(Convolution, weights: FoldedWeights, activation: Activation?, residual: Value?)
    case maxPool(kernel: Int)
    case upsample2x
    case activation(Activation)
    case add(Value)
    /// Copies a part of a concatenation that cannot be written in place, to this block of the whole.
    case copy(toBlock: Int)
  }

  let work: Work
  let input: Value
  /// The node whose value this step gives: the last of those that were fused.
  let result: Value
  let path: String
  /// For a 1x1 convolution whose sums do not begin with its bias: with the pixels of this map, each twice in both
  /// directions, from this block on.
  var doubled: Doubled?
  /// Values that lie in unused places of the result's last block.
  var companions: [Companion] = []
  /// Where the result matters, if not everywhere.
  var gate: SpanMask?
  /// The node in whose place the step runs.
  var order: Int

  struct Doubled {
    let value: Value
    let firstBlock: Int
  }

  struct Companion {
    let value: Value
    let firstLane: Int
  }

  init(
    work: Work, input: Value, result: Value, path: String, doubled: Doubled? = nil,
    companions: [Companion] = [], order: Int? = nil
  ) {
    self.work = work
    self.input = input
    self.result = result
    self.path = path
    self.doubled = doubled
    self.companions = companions
    self.order = order ?? result.index
  }
}

/// A convolution's weights with the BatchNorm after it multiplied in.
struct FoldedWeights {
  /// `[output channels, input channels / groups, kernel, kernel]`
  var weight: Tensor
  var bias: [Float]
  /// Where a focus comes before the convolution and is folded into it, the convolution that this became:
  /// twice the kernel at stride 2 over the picture itself.
  var geometry: Geometry

  struct Geometry {
    let kernel: Int
    let stride: Int
    let padding: Int
  }
}

extension Graph {
  /// Turns nodes into the steps that kernels do in one pass.
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

  /// How often each value is read; an output of the graph counts as read by the caller.
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

extension FoldedWeights {
  /// `BN(w * x + b) = (w s) * x + (b - mean) s + beta` with `s = gamma / sqrt(variance + epsilon)`. Without the four
  /// parameters the checkpoint is folded already.
  fileprivate mutating func multiply(by normalization: Node, _ parameters: Parameters) {
    guard let gamma = parameters[normalization.path + ".weight"]?.values,
      let beta = parameters[normalization.path + ".bias"]?.values,
      let mean = parameters[normalization.path + ".running_mean"]?.values,
      let variance = parameters[normalization.path + ".running_var"]?.values
    else { return }
    let perChannel = weight.count / bias.count
    for channel in bias.indices {
      let scale = gamma[channel] / (variance[channel] + batchNormalizationEpsilon).squareRoot()
      for index in channel * perChannel..<(channel + 1) * perChannel { weight.values[index] *= scale }
      bias[channel] = (bias[channel] - mean[channel]) * scale + beta[channel]
    }
  }

  /// A focus moves the pixels of each 2x2 square into channels; a k x k convolution of those is a 2k x 2k convolution
  /// with stride 2 of the picture, with the same weights in other places.
  fileprivate mutating func foldFocus() {
    let (outputs, kernel) = (weight.shape[0], weight.shape[2])
    let channels = weight.shape[1] / FocusPhase.all.count
    var unfolded = Tensor(shape: [outputs, channels, kernel * 2, kernel * 2])
    for output in 0..<outputs {
      for (phaseIndex, phase) in FocusPhase.all.enumerated() {
        for channel in 0..<channels {
          for ky in 0..<kernel {
            for kx in 0..<kernel {
              let row = (output * channels + channel) * kernel * 2 + ky * 2 + phase.row
              unfolded.values[row * kernel * 2 + kx * 2 + phase.column] =
                weight[output, phaseIndex * channels + channel, ky, kx]
            }
          }
        }
      }
    }
    weight = unfolded
    geometry = .init(kernel: kernel * 2, stride: geometry.stride * 2, padding: geometry.padding * 2)
  }
}

extension Operation {
  fileprivate var isInput: Bool { if case .input = self { true } else { false } }
}
