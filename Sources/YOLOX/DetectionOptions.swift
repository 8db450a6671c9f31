/// Options for each image. The defaults here are those of the service, the command line and the client's documentation.
package struct DetectionOptions: Hashable, Sendable {
  /// Minimum score of detections, 0...1. The authors' demo uses 0.25, their evaluation 0.01.
  package var scoreThreshold: Float
  /// Minimum score by class index, instead of ``scoreThreshold``.
  package var scoreThresholds: [Int: Float] = [:]
  /// Maximum IoU of two detections, 0...1; of boxes that overlap more, only the one with the higher score is kept.
  package var nmsThreshold: Float
  /// Maximum number of detections; those with the highest scores are kept.
  package var maxDetections: Int
  /// Class indices to detect; `nil` for all.
  package var classes: Set<Int>?
  /// Whether boxes of different classes suppress each other.
  package var classAgnostic: Bool
  /// Whether to return the network's raw outputs too. Disables the class-branch mask.
  package var keepsPredictions: Bool
  /// Minimum score of ``Prediction/unfiltered``, 0...1; `nil` for none.
  package var unfilteredThreshold: Float?
  /// Selects detections by their boxes before ``maxDetections`` applies.
  package var filter: DetectionFilter?

  package init(
    scoreThreshold: Float = 0.25, nmsThreshold: Float = 0.45, maxDetections: Int = 300,
    classes: Set<Int>? = nil, classAgnostic: Bool = false, keepsPredictions: Bool = false
  ) {
    self.scoreThreshold = scoreThreshold
    self.nmsThreshold = nmsThreshold
    self.maxDetections = maxDetections
    self.classes = classes
    self.classAgnostic = classAgnostic
    self.keepsPredictions = keepsPredictions
  }

  /// The lowest score that any class needs.
  package var lowestScoreThreshold: Float { min(scoreThreshold, scoreThresholds.values.min() ?? 1) }

  /// The options of ``Prediction/unfiltered``: the defaults from its threshold on.
  package var unfiltered: DetectionOptions? {
    unfilteredThreshold.map { DetectionOptions(scoreThreshold: $0) }
  }

  /// The authors' settings for evaluation (`tools/eval.py`; `test_conf` and `nmsthre` of their experiments).
  package static let evaluation = DetectionOptions(
    scoreThreshold: 0.01, nmsThreshold: 0.65, maxDetections: 1000)
}

extension DetectionOptions {
  /// Applies the filter to detections by falling score, then the maximum number.
  func filtered(_ detections: [Detection], width: Int, height: Int) -> [Detection] {
    guard let filter else { return detections }
    return Array(
      detections.lazy.filter { filter.passes($0.box, width: width, height: height) }.prefix(maxDetections))
  }
}
