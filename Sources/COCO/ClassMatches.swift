/// The outcome of each detection of one class in all images.
struct ClassMatches: Sendable {
  enum Outcome: UInt8, Sendable {
    case falsePositive, truePositive
    /// Neither a true nor a false positive.
    case ignored
  }

  /// In falling order.
  let scores: [Double]
  /// Rank of each detection in its image.
  let ranks: [Int]
  /// Number of objects that count, by area range.
  let objectCounts: [Int]
  /// [area range, threshold, detection]
  private var outcomes: [Outcome]

  init(scores: [Double], ranks: [Int], objectCounts: [Int]) {
    self.scores = scores
    self.ranks = ranks
    self.objectCounts = objectCounts
    outcomes = Array(
      repeating: .falsePositive, count: objectCounts.count * Evaluator.thresholds.count * scores.count)
  }

  subscript(area: Evaluator.AreaRange, threshold: Int, detection: Int) -> Outcome {
    get { outcomes[(area.rawValue * Evaluator.thresholds.count + threshold) * scores.count + detection] }
    set {
      outcomes[(area.rawValue * Evaluator.thresholds.count + threshold) * scores.count + detection] = newValue
    }
  }
}
