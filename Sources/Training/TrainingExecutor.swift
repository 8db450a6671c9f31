import CTraining
import Engine

/// Runs a graph forward keeping what the way back needs, and back again: the second executor of ``Graph``.
///
/// The list of nodes is the tape. Going back, a node takes the gradient of its result and gives each of its inputs
/// theirs; gradients live only between the two, and are handed on in place where a node's result and input have the
/// same size.
package final class TrainingExecutor {
  package let graph: Graph
  package let layout: ParameterLayout
  /// All weights and running statistics; forward moves the latter.
  package let parameters: FloatBuffer
  /// Of the trainable parameters. Backward adds to them; whoever takes a step clears them.
  package let gradients: FloatBuffer

  private let crew: Crew
  private let steps: [TrainingOperator]
  private let pool = BufferPool()
  private var shapes: [FeatureMapShape] = []
  private var values: [FloatBuffer?]
  private var slopes: [FloatBuffer?]
  private var statistics: [FloatBuffer?]

  /// - Parameters:
  ///   - isStatisticsFrozen: normalise by the running statistics and leave them as they are.
  ///   - detached: nodes whose path begins so give no gradient to those before them whose path does not.
  ///   - isFrozen: whether a node (told by its path) keeps its weights. Running statistics still move.
  package init(
    _ graph: Graph, crew: Crew, isStatisticsFrozen: Bool = false, detached: String? = nil,
    isFrozen: (String) -> Bool = { _ in false }
  ) {
    self.graph = graph
    self.crew = crew
    layout = ParameterLayout(graph)
    parameters = FloatBuffer(count: layout.count)
    gradients = FloatBuffer(count: layout.trainableCount)
    steps = TrainingOperator.steps(
      of: graph, layout: layout, isStatisticsFrozen: isStatisticsFrozen, detached: detached,
      isFrozen: isFrozen)
    values = Array(repeating: nil, count: graph.nodes.count)
    slopes = values
    statistics = values
  }

  /// Runs the network in training mode.
  ///
  /// - Parameter images: `[N, C, H, W]`.
  package func forward(_ images: Tensor) {
    let wanted = graph.shapes(batch: images.shape[0], height: images.shape[2], width: images.shape[3])
      .map(FeatureMapShape.init)
    if wanted != shapes {
      for index in values.indices { (values[index], slopes[index]) = (nil, nil) }
      pool.empty()
      shapes = wanted
    }
    for step in steps {
      let shape = shapes[step.result]
      let result = values[step.result] ?? FloatBuffer(count: shape.count)
      values[step.result] = result
      run(step, into: result.pointer, shape, images)
    }
  }

  private func run(
    _ step: TrainingOperator, into y: UnsafeMutablePointer<Float>, _ shape: FeatureMapShape, _ images: Tensor
  ) {
    let x = UnsafePointer(pointer(step.inputs.first ?? step.result))
    let xShape = shapes[step.inputs.first ?? step.result]
    switch step.kind {
    case .input:
      images.values.withUnsafeBufferPointer {
        if let base = $0.baseAddress { y.update(from: base, count: $0.count) }
      }
    case .convolution(let operation):
      operation.forward(
        x, xShape, into: y, shape, weights: UnsafePointer(parameters.pointer), crew: crew)
    case .normalization(let operation):
      let statistics = self.statistics[step.result] ?? FloatBuffer(count: 2 * shape.channels)
      self.statistics[step.result] = statistics
      operation.forward(
        x, shape, into: y, parameters: parameters.pointer, statistics: statistics.pointer, crew: crew)
    case .activation(let activation):
      ActivationGradient.forward(x, shape, into: y, activation, crew: crew)
    case .add:
      let other = UnsafePointer(pointer(step.inputs[1]))
      crew.share(shape.images) { _, images in
        let start = images.lowerBound * shape.image
        (y + start).update(from: x + start, count: images.count * shape.image)
        yt_add(y + start, other + start, images.count * shape.image)
      }
    case .concat:
      forEachPart(of: step, shape) { part, count, image, target in
        (y + target).update(from: pointer(part) + image * count, count: count)
      }
    case .maxPool(let kernel):
      MaxPoolGradient.forward(x, shape, into: y, kernel: kernel, crew: crew)
    case .upsample2x:
      UpsampleGradient.forward(x, xShape, into: y, crew: crew)
    case .focus:
      FocusGradient.forward(x, xShape, into: y, crew: crew)
    }
  }

  /// Carries the gradients of the outputs, as far as they were set with ``setGradient(of:_:)``, back to the weights.
  ///
  /// - Parameter isFinal: told, with ever smaller offsets, from where on the convolution weights have their gradients.
  package func backward(isFinal: (_ offset: Int) -> Void = { _ in }) {
    for step in steps.reversed() {
      guard let slope = slopes[step.result] else { continue }
      slopes[step.result] = nil
      let handedOn = step.needsGradient && carry(slope, back: step)
      if !handedOn { pool.give(slope) }
      if case .convolution(let convolution) = step.kind { isFinal(convolution.weightOffset) }
    }
  }

  /// Returns whether `slope` lives on as the gradient of an input.
  private func carry(_ slope: FloatBuffer, back step: TrainingOperator) -> Bool {
    guard let first = step.inputs.first else { return false }
    let (shape, xShape) = (shapes[step.result], shapes[first])
    let x = UnsafePointer(pointer(first))
    let weightGradients = step.isFrozen ? nil : gradients.pointer
    switch step.kind {
    case .input:
      return false
    case .convolution(let operation):
      let isNew = slopes[first] == nil
      let target = step.inputNeedsGradient[0] ? slopes[first] ?? pool.take(xShape.count) : nil
      operation.backward(
        x, xShape, UnsafePointer(slope.pointer), shape, into: target?.pointer, accumulating: !isNew,
        weights: UnsafePointer(parameters.pointer), gradients: weightGradients, crew: crew)
      slopes[first] = target
      return false
    case .normalization(let operation):
      guard let statistics = statistics[step.result] else { return false }
      operation.backward(
        x, shape, slope.pointer, parameters: UnsafePointer(parameters.pointer),
        statistics: UnsafePointer(statistics.pointer), gradients: weightGradients, crew: crew)
      return handOn(slope, to: first, ifNeeded: step.inputNeedsGradient[0])
    case .activation(let activation):
      ActivationGradient.backward(x, shape, slope.pointer, activation, crew: crew)
      return handOn(slope, to: first, ifNeeded: step.inputNeedsGradient[0])
    case .add:
      if step.inputNeedsGradient[1] { add(slope, to: step.inputs[1]) }
      return handOn(slope, to: first, ifNeeded: step.inputNeedsGradient[0])
    case .concat:
      let targets = zip(step.inputs, step.inputNeedsGradient).map { $1 ? accumulator($0) : nil }
      forEachPart(of: step, shape) { part, count, image, source in
        guard let index = step.inputs.firstIndex(of: part), let target = targets[index] else { return }
        yt_add(target.pointer + image * count, slope.pointer + source, count)
      }
      return false
    case .maxPool(let kernel):
      guard step.inputNeedsGradient[0] else { return false }
      MaxPoolGradient.backward(
        x, shape, UnsafePointer(slope.pointer), into: accumulator(first).pointer, kernel: kernel, crew: crew)
      return false
    case .upsample2x:
      guard step.inputNeedsGradient[0] else { return false }
      UpsampleGradient.backward(
        UnsafePointer(slope.pointer), into: accumulator(first).pointer, xShape, crew: crew)
      return false
    case .focus:
      guard step.inputNeedsGradient[0] else { return false }
      FocusGradient.backward(
        UnsafePointer(slope.pointer), into: accumulator(first).pointer, xShape, crew: crew)
      return false
    }
  }

  /// Makes `slope` the gradient of node `index`, or adds it to the one that is there.
  private func handOn(_ slope: FloatBuffer, to index: Int, ifNeeded isNeeded: Bool) -> Bool {
    guard isNeeded else { return false }
    if slopes[index] != nil {
      add(slope, to: index)
      return false
    }
    slopes[index] = slope
    return true
  }

  private func add(_ slope: FloatBuffer, to index: Int) {
    let target = accumulator(index)
    let shape = shapes[index]
    crew.share(shape.images) { _, images in
      let start = images.lowerBound * shape.image
      yt_add(target.pointer + start, slope.pointer + start, images.count * shape.image)
    }
  }

  /// The gradient of node `index`, zeros if it has none yet.
  private func accumulator(_ index: Int) -> FloatBuffer {
    if let slope = slopes[index] { return slope }
    let slope = pool.take(shapes[index].count)
    slope.clear()
    slopes[index] = slope
    return slope
  }

  /// For each input of a concatenation and each image: the input, its numbers in an image, the image, and where they
  /// lie in the result.
  private func forEachPart(
    of step: TrainingOperator, _ shape: FeatureMapShape,
    _ body: (_ part: Int, _ count: Int, _ image: Int, _ at: Int) -> Void
  ) {
    crew.share(shape.images) { _, images in
      for image in images {
        var offset = image * shape.image
        for part in step.inputs {
          body(part, shapes[part].image, image, offset)
          offset += shapes[part].image
        }
      }
    }
  }

  private func pointer(_ index: Int) -> UnsafeMutablePointer<Float> {
    guard let value = values[index] else { preconditionFailure("node \(index) was not computed") }
    return value.pointer
  }
}

extension TrainingExecutor {
  /// What the last forward pass gave for output `name`, `[N, C, H, W]`.
  package func output(_ name: String) -> Tensor {
    let index = outputIndex(name)
    let shape = shapes[index]
    return Tensor(
      shape: [shape.images, shape.channels, shape.height, shape.width],
      values: Array(UnsafeBufferPointer(start: pointer(index), count: shape.count)))
  }

  /// Sets (or, if it has one, adds to) the gradient of output `name`, in the order of ``output(_:)``.
  package func setGradient(of name: String, _ gradient: [Float]) {
    let index = outputIndex(name)
    let target = accumulator(index)
    gradient.withUnsafeBufferPointer {
      if let base = $0.baseAddress { yt_add(target.pointer, base, $0.count) }
    }
  }

  private func outputIndex(_ name: String) -> Int {
    guard let value = graph.output(name) else { preconditionFailure("the graph has no output \(name)") }
    return value.index
  }
}
