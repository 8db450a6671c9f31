import CTraining

/// The slow copy of the weights that is evaluated and served (ema.py, ModelEMA).
package final class ModelEMA {
  package static let decay = 0.9998
  /// The authors' time constant of the ramp, in updates: made for runs of 100,000s of them.
  package static let ramp = 2000.0

  package let parameters: FloatBuffer
  package var updates: Int

  private let ramp: Double

  package init(_ parameters: FloatBuffer, updates: Int = 0, ramp: Double = ModelEMA.ramp) {
    self.ramp = ramp
    self.parameters = FloatBuffer(count: parameters.count)
    self.parameters.copy(from: parameters)
    self.updates = updates
  }

  /// Early on the copy follows fast: after `n` updates the decay is 0.9998 (1 - exp(-n / ramp)).
  package func update(_ values: FloatBuffer) {
    updates += 1
    let decay = ModelEMA.decay * (1 - exponential(-Double(updates) / ramp))
    yt_average(parameters.pointer, values.pointer, parameters.count, Float(decay))
  }
}
