import CTraining

/// Stochastic gradient descent with Nesterov momentum, as PyTorch's SGD. Weight decay applies to convolution weights only.
package final class SGD {
  package static let momentum: Float = 0.9
  package static let weightDecay: Float = 5e-4

  package let momentumBuffer: FloatBuffer
  private let layout: ParameterLayout

  package init(_ layout: ParameterLayout) {
    self.layout = layout
    momentumBuffer = FloatBuffer(count: layout.trainableCount)
  }

  /// Updates the parameters and clears the gradients.
  package func step(_ executor: TrainingExecutor, learningRate: Float) {
    let groups = [
      (range: 0..<layout.decayedCount, decay: SGD.weightDecay),
      (range: layout.decayedCount..<layout.trainableCount, decay: 0),
    ]
    for group in groups {
      let start = group.range.lowerBound
      yt_sgd_nesterov(
        executor.parameters.pointer + start, executor.gradients.pointer + start,
        momentumBuffer.pointer + start,
        group.range.count, learningRate, SGD.momentum, group.decay)
    }
    executor.gradients.clear()
  }
}
