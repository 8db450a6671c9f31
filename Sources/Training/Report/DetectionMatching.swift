import YOLOX

/// What the detections of one picture are worth: each is right, or takes an object for one of another class, or sees
/// something where nothing is; and some objects are missed.
package struct DetectionMatching: Sendable {
  /// Detections below this score are left out, as the server's users do.
  package static let scoreThreshold: Float = 0.25
  package static let overlapThreshold: Float = 0.5

  package struct Match: Sendable {
    package let object: Sample.Object
    package let detection: Detection
  }

  /// Detections that cover an object, whatever class they say.
  package private(set) var matches: [Match] = []
  package private(set) var missed: [Sample.Object] = []
  package private(set) var invented: [Detection] = []

  /// Best scores first, each detection takes the free object that it covers best; one of its own class before others.
  package init(objects: [Sample.Object], detections: [Detection]) {
    var free = objects
    let found = detections.filter { $0.score >= DetectionMatching.scoreThreshold }.sorted {
      $0.score > $1.score
    }
    for detection in found {
      let candidates = free.indices.map { index in
        (
          index: index, isSame: free[index].classIndex == detection.classID,
          overlap: detection.box.iou(
            Box(x1: free[index].x1, y1: free[index].y1, x2: free[index].x2, y2: free[index].y2))
        )
      }.filter { $0.overlap >= DetectionMatching.overlapThreshold }
      let best = candidates.max { ($0.isSame ? 1 : 0, $0.overlap) < ($1.isSame ? 1 : 0, $1.overlap) }
      if let best {
        matches.append(Match(object: free.remove(at: best.index), detection: detection))
      } else {
        invented.append(detection)
      }
    }
    missed = free
  }

  package var confusions: [Match] { matches.filter { $0.object.classIndex != $0.detection.classID } }

  /// How bad the picture came out: the certainty of what is wrong, and the number of what is missing.
  package var weight: Float {
    (invented + confusions.map(\.detection)).reduce(Float(missed.count)) { $0 + $1.score }
  }
}

/// Objects by their class and by what they were taken for.
package struct ConfusionMatrix: Sendable {
  /// `[truth][prediction]`; the last row is what was seen where nothing is, the last column what was missed.
  package private(set) var counts: [[Int]]

  package init(_ verdicts: [DetectionMatching], classCount: Int) {
    counts = Array(repeating: Array(repeating: 0, count: classCount + 1), count: classCount + 1)
    for verdict in verdicts {
      for match in verdict.matches { counts[match.object.classIndex][match.detection.classID] += 1 }
      for object in verdict.missed { counts[object.classIndex][classCount] += 1 }
      for detection in verdict.invented { counts[classCount][detection.classID] += 1 }
    }
  }
}
