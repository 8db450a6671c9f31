import CTraining

/// Stochastic gradient descent with Nesterov momentum, as PyTorch's SGD: weight decay only on convolution weights.
package final class SGD {
  package static let momentum: Float = 0.9
  package static let weightDecay: Float = 5e-4

  package let momentumBuffer: FloatBuffer
  private let layout: ParameterLayout

  package init(_ layout: ParameterLayout) {
    self.layout = layout
    momentumBuffer = FloatBuffer(count: layout.trainableCount)
  }

  /// Moves the parameters by their gradients and clears these.
  package func step(_ pass: TrainingExecutor, rate: Float) {
    let groups = [
      (range: 0..<layout.decayedCount, decay: SGD.weightDecay),
      (range: layout.decayedCount..<layout.trainableCount, decay: 0),
    ]
    for group in groups {
      let start = group.range.lowerBound
      yt_sgd_nesterov(
        pass.parameters.pointer + start, pass.gradients.pointer + start, momentumBuffer.pointer + start,
        group.range.count, rate, SGD.momentum, group.decay)
    }
    pass.gradients.clear()
  }
}
