import CTraining

/// Exponential moving average of the weights, which is evaluated and served (ema.py, ModelEMA).
package final class ModelEMA {
  package static let decay = 0.9998
  /// The authors' time constant of the decay ramp, in updates. It suits runs of 100,000s of updates.
  package static let tau = 2000.0

  package let parameters: FloatBuffer
  package var updates: Int

  private let tau: Double

  package init(_ parameters: FloatBuffer, updates: Int = 0, tau: Double = ModelEMA.tau) {
    self.tau = tau
    self.parameters = FloatBuffer(count: parameters.count)
    self.parameters.copy(from: parameters)
    self.updates = updates
  }

  /// The average follows the weights fast at first: after `n` updates the decay is 0.9998 (1 - exp(-n / tau)).
  ///
  /// - Parameter ranges: the elements that change; a weighted mean of equal numbers would not always be that number.
  package func update(_ values: FloatBuffer, in ranges: [Range<Int>]? = nil) {
    updates += 1
    let decay = ModelEMA.decay * (1 - exponential(-Double(updates) / tau))
    for range in ranges ?? [0..<parameters.count] {
      let start = range.lowerBound
      yt_average(parameters.pointer + start, values.pointer + start, range.count, Float(decay))
    }
  }
}
