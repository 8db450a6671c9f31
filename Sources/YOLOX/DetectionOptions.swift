/// What a caller may choose for each image.
package struct DetectionOptions: Hashable, Sendable {
  /// Detections below this score are not given, 0...1. The authors' demo uses 0.25, their evaluation 0.01.
  package var scoreThreshold: Float
  /// Two boxes that overlap by more than this IoU count as one object, 0...1.
  package var nmsThreshold: Float
  /// The best so many are given.
  package var maxDetections: Int
  /// Only these class indices; `nil` for all.
  package var classes: Set<Int>?
  /// Whether boxes of different classes suppress each other.
  package var classAgnostic: Bool
  /// Whether the network's own numbers are given too. Makes all of the head run, also where nothing is.
  package var keepsPredictions: Bool

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

  /// The authors' settings for evaluation (`tools/eval.py`; `test_conf` and `nmsthre` of their experiments).
  package static let evaluation = DetectionOptions(
    scoreThreshold: 0.01, nmsThreshold: 0.65, maxDetections: 1000)
}
