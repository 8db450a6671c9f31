/// Precision and recall of each class (cocoeval.py, accumulate), from which the twelve metrics and precision-recall plots
/// are made.
package struct PrecisionRecall: Sendable {
  /// One class in one area range.
  package struct Cell: Sendable {
    /// By threshold.
    package let curves: [Curve]
    /// Recall, [limit, threshold].
    package let recalls: [[Double]]
    /// Number of objects that count.
    package let objectCount: Int
  }

  /// Precision at `Evaluator.recalls`, with up to 100 detections per image.
  package struct Curve: Sendable, Equatable {
    /// Non-increasing; 0 where the recall is not reached.
    package let precision: [Double]
    /// The score threshold at each recall; 0 where it is not reached.
    package let scores: [Double]
  }

  /// By class index.
  package let categoryIDs: [Int]
  package let labels: [String]
  /// [class, area range]; `nil` if no objects count.
  let cells: [[Cell?]]

  /// - Returns: `nil` if no objects count.
  package subscript(classIndex: Int, area: Evaluator.AreaRange) -> Cell? { cells[classIndex][area.rawValue] }
}

extension PrecisionRecall.Cell {
  /// - Returns: `nil` if no objects count.
  init?(_ matches: ClassMatches, area: Evaluator.AreaRange) {
    objectCount = matches.objectCounts[area.rawValue]
    guard objectCount > 0 else { return nil }
    let count = Double(objectCount)
    recalls = Evaluator.limits.map { limit in
      Evaluator.thresholds.indices.map { threshold in
        let found = matches.ranks.indices.count {
          matches.ranks[$0] < limit && matches[area, threshold, $0] == .truePositive
        }
        return Double(found) / count
      }
    }
    curves = Evaluator.thresholds.indices.map { threshold in
      var recalls: [Double] = []
      var precisions: [Double] = []
      recalls.reserveCapacity(matches.scores.count)
      precisions.reserveCapacity(matches.scores.count)
      var (truePositives, falsePositives) = (0.0, 0.0)
      for detection in matches.scores.indices {
        switch matches[area, threshold, detection] {
        case .truePositive: truePositives += 1
        case .falsePositive: falsePositives += 1
        case .ignored: break
        }
        recalls.append(truePositives / count)
        precisions.append(truePositives / (falsePositives + truePositives + .ulpOfOne))
      }
      return PrecisionRecall.Curve(recalls: recalls, precisions: precisions, scores: matches.scores)
    }
  }
}

extension PrecisionRecall.Curve {
  fileprivate init(recalls: [Double], precisions: [Double], scores: [Double]) {
    var envelope = precisions
    for index in envelope.indices.dropLast().reversed() {
      envelope[index] = max(envelope[index], envelope[index + 1])
    }
    var index = 0
    let places = Evaluator.recalls.map { recall in
      while index < recalls.count, recalls[index] < recall { index += 1 }
      return index
    }
    precision = places.map { $0 < envelope.count ? envelope[$0] : 0 }
    self.scores = places.map { $0 < scores.count ? scores[$0] : 0 }
  }
}
