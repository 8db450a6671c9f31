import CTraining
import Engine

/// Executes a graph in training mode: a forward pass that keeps activations, and a backward pass.
///
/// The operator list is the tape. The backward pass turns the gradient of an operator's result into gradients of its
/// inputs. A gradient buffer lives only until its operator has run, and is reused in place where result and input have
/// the same size.
package final class TrainingExecutor {
  package let graph: Graph
  package let layout: ParameterLayout
  /// All weights and running statistics. The forward pass updates the running statistics.
  package let parameters: FloatBuffer
  /// Gradients of the trainable parameters. The backward pass adds to them; the optimizer clears them.
  package let gradients: FloatBuffer

  /// The trainable parameters that are not frozen.
  let trainedRanges: [Range<Int>]
  /// The parameters and running statistics that training changes.
  let changingRanges: [Range<Int>]

  let team: ThreadTeam
  let operators: [TrainingOperator]
  /// Whether batch normalisation uses the running statistics whatever its operator says.
  private var usesRunningStatistics = false
  let buffers = BufferPool()
  var shapes: [FeatureMapShape] = []
  private var values: [FloatBuffer?]
  var valueGradients: [FloatBuffer?]
  var statistics: [FloatBuffer?]

  /// - Parameters:
  ///   - isBatchNormFrozen: normalise by the running statistics and do not update them.
  ///   - detached: path prefix of nodes that pass no gradient to inputs outside the prefix (a stop-gradient).
  ///   - isFrozen: whether the node at a path keeps its weights and its running statistics, and normalises by them.
  package init(
    _ graph: Graph, team: ThreadTeam, isBatchNormFrozen: Bool = false, detached: String? = nil,
    isFrozen: (String) -> Bool = { _ in false }
  ) {
    self.graph = graph
    self.team = team
    layout = ParameterLayout(graph)
    parameters = FloatBuffer(count: layout.count)
    gradients = FloatBuffer(count: layout.trainableCount)
    trainedRanges = layout.ranges { !isFrozen($0) }.compactMap { [trainable = layout.trainableCount] range in
      let trained = range.clamped(to: 0..<trainable)
      return trained.isEmpty ? nil : trained
    }
    changingRanges = layout.ranges { name in
      !isFrozen(name) && !(isBatchNormFrozen && ParameterLayout.isRunningStatistic(name))
    }
    operators = TrainingOperator.operators(
      of: graph, layout: layout, isBatchNormFrozen: isBatchNormFrozen, detached: detached,
      isFrozen: isFrozen)
    values = Array(repeating: nil, count: graph.nodes.count)
    valueGradients = values
    statistics = values
  }

  /// Runs the network in training mode.
  ///
  /// - Parameters:
  ///   - images: `[N, C, H, W]`.
  ///   - usesRunningStatistics: whether all batch normalisation uses the running statistics, as in inference.
  package func forward(_ images: Tensor, usesRunningStatistics: Bool = false) {
    self.usesRunningStatistics = usesRunningStatistics
    let wanted = graph.shapes(batch: images.shape[0], height: images.shape[2], width: images.shape[3])
      .map(FeatureMapShape.init)
    if wanted != shapes {
      for index in values.indices { (values[index], valueGradients[index]) = (nil, nil) }
      buffers.empty()
      shapes = wanted
    }
    for op in operators {
      let shape = shapes[op.result]
      let result = values[op.result] ?? FloatBuffer(count: shape.count)
      values[op.result] = result
      run(op, into: result.pointer, shape, images)
    }
  }

  private func run(
    _ op: TrainingOperator, into y: UnsafeMutablePointer<Float>, _ shape: FeatureMapShape, _ images: Tensor
  ) {
    let x = UnsafePointer(pointer(op.inputs.first ?? op.result))
    let xShape = shapes[op.inputs.first ?? op.result]
    switch op.kind {
    case .input:
      images.values.withUnsafeBufferPointer {
        if let base = $0.baseAddress { y.update(from: base, count: $0.count) }
      }
    case .convolution(let operation):
      operation.forward(
        x, xShape, into: y, shape, weights: UnsafePointer(parameters.pointer), team: team)
    case .normalization(let operation):
      let statistics = self.statistics[op.result] ?? FloatBuffer(count: 2 * shape.channels)
      self.statistics[op.result] = statistics
      operation.forward(
        x, shape, into: y, parameters: parameters.pointer, statistics: statistics.pointer,
        isFrozen: usesRunningStatistics || operation.isBatchNormFrozen, team: team)
    case .activation(let activation):
      ActivationOperator.forward(x, shape, into: y, activation, team: team)
    case .add:
      let other = UnsafePointer(pointer(op.inputs[1]))
      team.parallelFor(shape.images) { _, images in
        let start = images.lowerBound * shape.image
        (y + start).update(from: x + start, count: images.count * shape.image)
        yt_add(y + start, other + start, images.count * shape.image)
      }
    case .concat:
      forEachPart(of: op, shape) { part, count, image, target in
        (y + target).update(from: pointer(part) + image * count, count: count)
      }
    case .maxPool(let kernel):
      MaxPoolOperator.forward(x, shape, into: y, kernel: kernel, team: team)
    case .upsample2x:
      UpsampleOperator.forward(x, xShape, into: y, team: team)
    case .focus:
      FocusOperator.forward(x, xShape, into: y, team: team)
    }
  }

  /// Calls `body` for each input of a concatenation and each image with the input's node, its element count per image,
  /// the image, and the offset in the result.
  func forEachPart(
    of op: TrainingOperator, _ shape: FeatureMapShape,
    _ body: (_ part: Int, _ count: Int, _ image: Int, _ at: Int) -> Void
  ) {
    team.parallelFor(shape.images) { _, images in
      for image in images {
        var offset = image * shape.image
        for part in op.inputs {
          body(part, shapes[part].image, image, offset)
          offset += shapes[part].image
        }
      }
    }
  }

  func pointer(_ index: Int) -> UnsafeMutablePointer<Float> {
    guard let value = values[index] else { preconditionFailure("node \(index) was not computed") }
    return value.pointer
  }
}

extension TrainingExecutor {
  /// Output `name` of the last forward pass, `[N, C, H, W]`.
  package func output(_ name: String) -> Tensor {
    let index = outputIndex(name)
    let shape = shapes[index]
    return Tensor(
      shape: [shape.images, shape.channels, shape.height, shape.width],
      values: Array(UnsafeBufferPointer(start: pointer(index), count: shape.count)))
  }

  /// Adds `gradient`, in the layout of ``output(_:)``, to the gradient of output `name`.
  package func setGradient(of name: String, _ gradient: [Float]) {
    let index = outputIndex(name)
    let target = gradientBuffer(index)
    gradient.withUnsafeBufferPointer {
      if let base = $0.baseAddress { yt_add(target.pointer, base, $0.count) }
    }
  }

  private func outputIndex(_ name: String) -> Int {
    guard let value = graph.output(name) else { preconditionFailure("the graph has no output \(name)") }
    return value.index
  }
}
