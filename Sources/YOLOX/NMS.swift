extension [Detection] {
  /// Non-maximum suppression: visits detections by falling score and drops each that overlaps a kept detection (of the same
  /// class, unless `classAgnostic`) by more than `threshold` IoU. Equal scores keep their order.
  ///
  /// - Parameter limit: maximum number of kept detections.
  /// - Returns: the kept detections by falling score.
  package func suppressed(above threshold: Float, classAgnostic: Bool = false, limit: Int = .max)
    -> [Detection]
  {
    // Ties are broken by position, because sort(by:) is not guaranteed to be stable.
    let order = indices.sorted {
      self[$0].score != self[$1].score ? self[$0].score > self[$1].score : $0 < $1
    }
    var kept: [Detection] = []
    for index in order {
      guard kept.count < limit else { break }
      let candidate = self[index]
      let isCovered = kept.contains {
        (classAgnostic || $0.classID == candidate.classID) && $0.box.iou(candidate.box) > threshold
      }
      if !isCovered { kept.append(candidate) }
    }
    return kept
  }
}
