/// The authors' `yoloxwarmcos` (lr_scheduler.py): warm-up by the square, half a cosine, and a flat end.
package struct LearningRateSchedule: Sendable, Equatable {
  /// For a batch of 64; the rate grows with the batch.
  package static let basePer64: Double = 0.01

  package var peak: Double
  package var minimumRatio = 0.05
  package var warmUpIterations: Int
  package var flatIterations: Int
  package var totalIterations: Int

  package init(peak: Double, warmUpIterations: Int, flatIterations: Int, totalIterations: Int) {
    self.peak = peak
    self.warmUpIterations = warmUpIterations
    self.flatIterations = flatIterations
    self.totalIterations = totalIterations
  }

  /// The rate after `iteration` iterations have been done; the first is taken with 0.
  package func rate(_ iteration: Int) -> Double {
    let minimum = peak * minimumRatio
    if iteration <= warmUpIterations, warmUpIterations > 0 {
      let share = Double(iteration) / Double(warmUpIterations)
      return peak * share * share
    }
    if iteration >= totalIterations - flatIterations { return minimum }
    let share =
      Double(iteration - warmUpIterations) / Double(totalIterations - warmUpIterations - flatIterations)
    return minimum + 0.5 * (peak - minimum) * (1 + cosine(.pi * share))
  }
}
