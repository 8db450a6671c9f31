/// The authors' `yoloxwarmcos` schedule (lr_scheduler.py): quadratic warm-up, cosine decay, constant at the end.
package struct LearningRateSchedule: Sendable, Equatable {
  /// Learning rate for a batch of 64; it scales linearly with the batch size.
  package static let basePer64: Double = 0.01

  package var peak: Double
  package var minimumRatio = 0.05
  package var warmupIterations: Int
  package var noAugIterations: Int
  package var totalIterations: Int

  package init(peak: Double, warmupIterations: Int, noAugIterations: Int, totalIterations: Int) {
    self.peak = peak
    self.warmupIterations = warmupIterations
    self.noAugIterations = noAugIterations
    self.totalIterations = totalIterations
  }

  /// The learning rate of iteration `iteration`, from 0. The first one is 0.
  package func rate(_ iteration: Int) -> Double {
    let minimum = peak * minimumRatio
    if iteration <= warmupIterations, warmupIterations > 0 {
      let progress = Double(iteration) / Double(warmupIterations)
      return peak * progress * progress
    }
    if iteration >= totalIterations - noAugIterations { return minimum }
    let progress =
      Double(iteration - warmupIterations) / Double(totalIterations - warmupIterations - noAugIterations)
    return minimum + 0.5 * (peak - minimum) * (1 + cosine(.pi * progress))
  }
}
