/// How detections of overlapping tiles become one list (SAHI, postprocess/combine.py).
package struct SliceMerge: Hashable, Sendable {
  package enum Method: String, Hashable, Sendable, CaseIterable {
    /// Non-maximum suppression: drops the lower score of two that match.
    case nms
    /// Greedy non-maximum merging: the higher score grows around those that match it, so that an object that several tiles
    /// cut gets one box.
    case greedyNMM = "greedy_nmm"
  }

  /// What part of two boxes their intersection is.
  package enum Metric: String, Hashable, Sendable, CaseIterable {
    case iou
    /// Of the smaller box: a part of an object lies within the whole.
    case ios
  }

  package var method: Method
  package var metric: Metric
  /// Two detections match from this value on, 0...1.
  package var threshold: Float

  /// SAHI's defaults are greedy merging by intersection over the smaller box. On COCO images that takes small objects away
  /// (docs/performance.md, "Slices").
  package init(_ method: Method = .nms, metric: Metric = .iou, threshold: Float = 0.5) {
    (self.method, self.metric, self.threshold) = (method, metric, threshold)
  }

  func matches(_ first: Box, _ second: Box) -> Bool {
    let width = max(0, min(first.x2, second.x2) - max(first.x1, second.x1))
    let height = max(0, min(first.y2, second.y2) - max(first.y1, second.y1))
    let intersection = width * height
    let whole =
      switch metric {
      case .iou: first.area + second.area - intersection
      case .ios: min(first.area, second.area)
      }
    // Of two empty boxes nothing is the intersection.
    return (whole > 0 ? intersection / whole : 0) >= threshold
  }
}

extension [Detection] {
  /// Merges detections of tiles, all in pixels of the image.
  ///
  /// At most ``Detection/candidateLimit`` detections are merged, by score, because the cost is quadratic.
  ///
  /// - Returns: by falling score, at most `limit`.
  package func merged(_ merge: SliceMerge, classAgnostic: Bool = false, limit: Int = .max) -> [Detection] {
    // SAHI's order: by score, then by the box.
    let ordered = sorted { first, second in
      if first.score != second.score { return first.score > second.score }
      let (a, b) = (first.box, second.box)
      return (a.x1, a.y1, a.x2, a.y2) < (b.x1, b.y1, b.x2, b.y2)
    }.prefix(Detection.candidateLimit)
    var isTaken = [Bool](repeating: false, count: ordered.count)
    var kept: [Detection] = []
    for index in ordered.indices where !isTaken[index] {
      guard kept.count < limit else { break }
      let best = ordered[index]
      var result = best
      for other in ordered.indices[(index + 1)...] where !isTaken[other] {
        let candidate = ordered[other]
        guard classAgnostic || candidate.classID == best.classID, merge.matches(best.box, candidate.box)
        else {
          continue
        }
        isTaken[other] = true
        // As SAHI: one that matched the best box, but not the grown one, is dropped.
        if merge.method == .greedyNMM, merge.matches(result.box, candidate.box) {
          result.box.formUnion(candidate.box)
        }
      }
      kept.append(result)
    }
    return kept
  }
}

extension Box {
  fileprivate mutating func formUnion(_ other: Box) {
    (x1, y1) = (min(x1, other.x1), min(y1, other.y1))
    (x2, y2) = (max(x2, other.x2), max(y2, other.y2))
  }
}
