import YOLOX

/// The matching of an image's detections with its objects: true positives, misclassified objects, false positives and
/// false negatives.
package struct DetectionMatching: Sendable {
  /// Minimum score of a detection, the server's default.
  package static let scoreThreshold = DetectionOptions().scoreThreshold
  package static let iouThreshold: Float = 0.5

  package struct Match: Sendable {
    package let object: Sample.Object
    package let detection: Detection
  }

  /// Detections that cover an object, of its class or another.
  package private(set) var matches: [Match] = []
  package private(set) var falseNegatives: [Sample.Object] = []
  package private(set) var falsePositives: [Detection] = []

  /// In order of falling score, each detection is matched with the free object of highest IoU, one of its own class first.
  package init(objects: [Sample.Object], detections: [Detection]) {
    var free = objects
    let found = detections.filter { $0.score >= DetectionMatching.scoreThreshold }.sorted {
      $0.score > $1.score
    }
    for detection in found {
      let candidates = free.indices.map { index in
        (
          index: index, isSame: free[index].classIndex == detection.classID,
          iou: detection.box.iou(
            Box(x1: free[index].x1, y1: free[index].y1, x2: free[index].x2, y2: free[index].y2))
        )
      }.filter { $0.iou >= DetectionMatching.iouThreshold }
      let best = candidates.max { ($0.isSame ? 1 : 0, $0.iou) < ($1.isSame ? 1 : 0, $1.iou) }
      if let best {
        matches.append(Match(object: free.remove(at: best.index), detection: detection))
      } else {
        falsePositives.append(detection)
      }
    }
    falseNegatives = free
  }

  package var misclassified: [Match] { matches.filter { $0.object.classIndex != $0.detection.classID } }

  /// Ranks images: the scores of wrong detections plus the number of false negatives.
  package var errorScore: Float {
    (falsePositives + misclassified.map(\.detection)).reduce(Float(falseNegatives.count)) { $0 + $1.score }
  }
}

/// Counts of objects by true and predicted class.
package struct ConfusionMatrix: Sendable {
  /// `[truth][prediction]`; the last row counts false positives, the last column false negatives.
  package private(set) var counts: [[Int]]

  package init(_ matchings: [DetectionMatching], classCount: Int) {
    counts = Array(repeating: Array(repeating: 0, count: classCount + 1), count: classCount + 1)
    for matching in matchings {
      for match in matching.matches { counts[match.object.classIndex][match.detection.classID] += 1 }
      for object in matching.falseNegatives { counts[object.classIndex][classCount] += 1 }
      for detection in matching.falsePositives { counts[classCount][detection.classID] += 1 }
    }
  }
}
