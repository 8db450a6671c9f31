/// Precision and recall of each class (cocoeval.py, accumulate): what the twelve numbers are made of, and what a
/// precision-recall plot shows.
package struct PrecisionRecall: Sendable {
  /// One class in one area range.
  package struct Cell: Sendable {
    /// By threshold.
    package let curves: [Curve]
    /// The share of objects found, [limit, threshold].
    package let recalls: [[Double]]
    /// Objects that should be found.
    package let objectCount: Int
  }

  /// Precision read off at `Evaluator.recalls`, with up to 100 detections in a picture.
  package struct Curve: Sendable, Equatable {
    /// Never rising; 0 where the recall is not reached.
    package let precision: [Double]
    /// The score from which on detections have to count for that recall; 0 where it is not reached.
    package let scores: [Double]
  }

  /// By class index.
  package let categoryIDs: [Int]
  package let labels: [String]
  /// [class, area range]; `nil` where there is nothing to find.
  let cells: [[Cell?]]

  /// - Returns: `nil` where there is nothing to find.
  package subscript(classIndex: Int, area: Evaluator.AreaRange) -> Cell? { cells[classIndex][area.rawValue] }
}

extension PrecisionRecall.Cell {
  /// - Returns: `nil` where there is nothing to find.
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
      var (found, mistakes) = (0.0, 0.0)
      for detection in matches.scores.indices {
        switch matches[area, threshold, detection] {
        case .truePositive: found += 1
        case .falsePositive: mistakes += 1
        case .ignored: break
        }
        recalls.append(found / count)
        precisions.append(found / (mistakes + found + .ulpOfOne))
      }
      return PrecisionRecall.Curve(recalls: recalls, precisions: precisions, scores: matches.scores)
    }
  }
}

extension PrecisionRecall.Curve {
  fileprivate init(recalls: [Double], precisions: [Double], scores: [Double]) {
    var falling = precisions
    for index in falling.indices.dropLast().reversed() {
      falling[index] = max(falling[index], falling[index + 1])
    }
    var index = 0
    let places = Evaluator.recalls.map { recall in
      while index < recalls.count, recalls[index] < recall { index += 1 }
      return index
    }
    precision = places.map { $0 < falling.count ? falling[$0] : 0 }
    self.scores = places.map { $0 < scores.count ? scores[$0] : 0 }
  }
}
