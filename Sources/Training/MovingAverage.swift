import CTraining

/// The slow copy of the weights that is evaluated and served (ema.py, ModelEMA).
package final class MovingAverage {
  package static let decay = 0.9998

  package let parameters: FloatBuffer
  package var updates: Int

  package init(_ parameters: FloatBuffer, updates: Int = 0) {
    self.parameters = FloatBuffer(count: parameters.count)
    self.parameters.copy(from: parameters)
    self.updates = updates
  }

  /// Early on the copy follows fast: after `n` updates the decay is 0.9998 (1 - exp(-n / 2000)).
  package func update(_ values: FloatBuffer) {
    updates += 1
    let decay = MovingAverage.decay * (1 - exponential(-Double(updates) / 2000))
    yt_average(parameters.pointer, values.pointer, parameters.count, Float(decay))
  }
}
