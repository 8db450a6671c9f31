extension [Detection] {
  /// Non-maximum suppression: goes through the detections by falling score and drops each that overlaps a kept one
  /// (of the same class, unless `classAgnostic`) by more than `threshold` IoU. Equal scores keep their order.
  ///
  /// - Parameter limit: stop after this many; the rest could only be lower in score.
  /// - Returns: what is kept, by falling score.
  package func suppressed(above threshold: Float, classAgnostic: Bool = false, limit: Int = .max)
    -> [Detection]
  {
    // Ties are broken by position: sort(by:) promises no stability.
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
