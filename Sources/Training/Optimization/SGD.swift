import CTraining

/// Stochastic gradient descent with Nesterov momentum, as PyTorch's SGD. Weight decay applies to convolution weights only.
package final class SGD {
  package static let momentum: Float = 0.9
  package static let weightDecay: Float = 5e-4

  package let momentumBuffer: FloatBuffer
  private let layout: ParameterLayout
  /// Upper limit of the gradients' norm.
  private let maxGradientNorm: Float?

  /// - Parameter maxGradientNorm: longer gradients are shortened to this norm; `nil` for no limit.
  package init(_ layout: ParameterLayout, maxGradientNorm: Float? = nil) {
    self.layout = layout
    self.maxGradientNorm = maxGradientNorm
    momentumBuffer = FloatBuffer(count: layout.trainableCount)
  }

  /// Updates the parameters that are not frozen and clears the gradients.
  package func step(_ executor: TrainingExecutor, learningRate: Float) {
    clip(executor)
    for range in executor.trainedRanges {
      step(executor, range.clamped(to: 0..<layout.decayedCount), learningRate, decay: SGD.weightDecay)
      step(executor, range.clamped(to: layout.decayedCount..<layout.trainableCount), learningRate, decay: 0)
    }
    executor.gradients.clear()
  }

  private func step(
    _ executor: TrainingExecutor, _ range: Range<Int>, _ learningRate: Float, decay: Float
  ) {
    let start = range.lowerBound
    yt_sgd_nesterov(
      executor.parameters.pointer + start, executor.gradients.pointer + start,
      momentumBuffer.pointer + start, range.count, learningRate, SGD.momentum, decay)
  }

  /// As PyTorch's clip_grad_norm_: one factor for all gradients.
  private func clip(_ executor: TrainingExecutor) {
    guard let maxGradientNorm else { return }
    var squares = 0.0
    for range in executor.trainedRanges {
      yt_squares(executor.gradients.pointer + range.lowerBound, range.count, &squares)
    }
    let factor = Float(Double(maxGradientNorm) / (squares.squareRoot() + 1e-6))
    if factor < 1 { yt_scale(executor.gradients.pointer, layout.trainableCount, factor) }
  }
}
