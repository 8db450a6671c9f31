import CTraining
import Engine

/// The backward pass: reverse-mode differentiation over the operators in reverse order.
extension TrainingExecutor {
  /// Propagates the gradients that ``setGradient(of:_:)`` set on the outputs back to the parameters.
  ///
  /// - Parameter isFinal: called with decreasing offsets; all convolution weights from the offset on have their final
  ///   gradients.
  package func backward(isFinal: (_ offset: Int) -> Void = { _ in }) {
    for op in operators.reversed() {
      guard let gradient = valueGradients[op.result] else { continue }
      valueGradients[op.result] = nil
      let isReused = op.needsGradient && backward(gradient, through: op)
      if !isReused { buffers.give(gradient) }
      if case .convolution(let convolution) = op.kind { isFinal(convolution.weightOffset) }
    }
  }

  /// Returns whether the buffer of `gradient` is reused as the gradient of an input.
  private func backward(_ gradient: FloatBuffer, through op: TrainingOperator) -> Bool {
    guard let first = op.inputs.first else { return false }
    let (shape, xShape) = (shapes[op.result], shapes[first])
    let x = UnsafePointer(pointer(first))
    let weightGradients = op.isFrozen ? nil : gradients.pointer
    switch op.kind {
    case .input:
      return false
    case .convolution(let operation):
      let isNew = valueGradients[first] == nil
      let target = op.inputNeedsGradient[0] ? valueGradients[first] ?? buffers.take(xShape.count) : nil
      operation.backward(
        x, xShape, UnsafePointer(gradient.pointer), shape, into: target?.pointer, accumulating: !isNew,
        weights: UnsafePointer(parameters.pointer), gradients: weightGradients, team: team)
      valueGradients[first] = target
      return false
    case .normalization(let operation):
      guard let statistics = statistics[op.result] else { return false }
      operation.backward(
        x, shape, gradient.pointer, parameters: UnsafePointer(parameters.pointer),
        statistics: UnsafePointer(statistics.pointer), gradients: weightGradients, team: team)
      return accumulate(gradient, into: first, ifNeeded: op.inputNeedsGradient[0])
    case .activation(let activation):
      ActivationOperator.backward(x, shape, gradient.pointer, activation, team: team)
      return accumulate(gradient, into: first, ifNeeded: op.inputNeedsGradient[0])
    case .add:
      if op.inputNeedsGradient[1] { add(gradient, to: op.inputs[1]) }
      return accumulate(gradient, into: first, ifNeeded: op.inputNeedsGradient[0])
    case .concat:
      let targets = zip(op.inputs, op.inputNeedsGradient).map { $1 ? gradientBuffer($0) : nil }
      forEachPart(of: op, shape) { part, count, image, source in
        guard let index = op.inputs.firstIndex(of: part), let target = targets[index] else { return }
        yt_add(target.pointer + image * count, gradient.pointer + source, count)
      }
      return false
    case .maxPool(let kernel):
      guard op.inputNeedsGradient[0] else { return false }
      MaxPoolOperator.backward(
        x, shape, UnsafePointer(gradient.pointer), into: gradientBuffer(first).pointer, kernel: kernel,
        team: team)
      return false
    case .upsample2x:
      guard op.inputNeedsGradient[0] else { return false }
      UpsampleOperator.backward(
        UnsafePointer(gradient.pointer), into: gradientBuffer(first).pointer, xShape, team: team)
      return false
    case .focus:
      guard op.inputNeedsGradient[0] else { return false }
      FocusOperator.backward(
        UnsafePointer(gradient.pointer), into: gradientBuffer(first).pointer, xShape, team: team)
      return false
    }
  }

  /// Stores `gradient` as the gradient of node `index`, or adds it to an existing one.
  private func accumulate(_ gradient: FloatBuffer, into index: Int, ifNeeded isNeeded: Bool) -> Bool {
    guard isNeeded else { return false }
    if valueGradients[index] != nil {
      add(gradient, to: index)
      return false
    }
    valueGradients[index] = gradient
    return true
  }

  private func add(_ gradient: FloatBuffer, to index: Int) {
    let target = gradientBuffer(index)
    let shape = shapes[index]
    team.parallelFor(shape.images) { _, images in
      let start = images.lowerBound * shape.image
      yt_add(target.pointer + start, gradient.pointer + start, images.count * shape.image)
    }
  }

  /// The gradient of node `index`, zero-filled if it has none yet.
  func gradientBuffer(_ index: Int) -> FloatBuffer {
    if let gradient = valueGradients[index] { return gradient }
    let gradient = buffers.take(shapes[index].count)
    gradient.clear()
    valueGradients[index] = gradient
    return gradient
  }
}
