/// The paper's label assignment (section 2.1, "SimOTA"; yolo_head.py, get_assignments and simota_matching): each object
/// takes the few anchors near its centre that predict it at the least cost.
package struct SimOTA: Sendable {
  /// Half the side of the square around an object's centre in which anchors are looked for, in strides. The paper and
  /// the authors' releases up to 0.3 have 2.5 (and the inside of the box); their code since has 1.5.
  package var centerRadius: Float = 1.5
  /// Weight of the box in the cost.
  package var overlapWeight: Float = 3
  /// The sum of so many best overlaps is the number of anchors that an object takes.
  package var candidateCount = 10

  package init() {}

  package func callAsFunction(_ predictions: Predictions, _ targets: [Target]) -> Assignment {
    guard !targets.isEmpty else { return Assignment(matches: []) }
    let table = CandidateTable(predictions, targets, centerRadius: centerRadius, overlapWeight: overlapWeight)
    guard !table.candidates.isEmpty else { return Assignment(matches: []) }

    // For each candidate the objects that want it.
    var claims = Array(repeating: [Int](), count: table.candidates.count)
    for target in targets.indices {
      let overlaps = table.overlaps[target]
      let sum = overlaps.sorted(by: >).prefix(candidateCount).reduce(0, +)
      let order = overlaps.indices.sorted {
        (table.costs[target][$0], $0) < (table.costs[target][$1], $1)
      }
      for candidate in order.prefix(max(1, Int(sum))) { claims[candidate].append(target) }
    }

    return Assignment(
      matches: claims.indices.compactMap { candidate in
        guard let first = claims[candidate].first else { return nil }
        var target = first
        if claims[candidate].count > 1 {
          // Wanted by several: the cheapest of all objects, not only of those.
          for other in targets.indices
          where other == 0 || table.costs[other][candidate] < table.costs[target][candidate] {
            target = other
          }
        }
        return Assignment.Match(
          anchor: table.candidates[candidate], target: target, overlap: table.overlaps[target][candidate])
      })
  }
}

/// Anchors near the centre of any object, with overlap and cost for each object.
struct CandidateTable {
  /// Added to the cost of an anchor that is not near the object's centre.
  private static let outside: Float = 1e6

  let candidates: [Int]
  /// `[target][candidate]`
  let overlaps: [[Float]]
  let costs: [[Float]]

  init(_ predictions: Predictions, _ targets: [Target], centerRadius: Float, overlapWeight: Float) {
    func isNear(_ anchor: Predictions.Anchor, _ box: CenteredBox) -> Bool {
      let reach = centerRadius * anchor.stride
      return abs(anchor.centerX - box.x) < reach && abs(anchor.centerY - box.y) < reach
    }
    let candidates = predictions.anchors.indices.filter { index in
      targets.contains { isNear(predictions.anchors[index], $0.box) }
    }

    let boxes = candidates.map(predictions.box)
    // Binary cross entropy of a candidate for no class at all; what changes it for an object's class follows below.
    let noClass = candidates.map { anchor in
      (0..<predictions.classCount).reduce(Float(0)) {
        $0 - CandidateTable.logarithm(1 - predictions.score(anchor, $1))
      }
    }
    var overlaps: [[Float]] = []
    var costs: [[Float]] = []
    for target in targets {
      let overlap = boxes.map(target.box.overlap)
      overlaps.append(overlap)
      costs.append(
        candidates.indices.map { candidate in
          let anchor = candidates[candidate]
          let score = predictions.score(anchor, target.classIndex)
          let classCost =
            noClass[candidate] + CandidateTable.logarithm(1 - score) - CandidateTable.logarithm(score)
          let boxCost = -naturalLogarithm(overlap[candidate] + 1e-8)
          return classCost + overlapWeight * boxCost
            + (isNear(predictions.anchors[anchor], target.box) ? 0 : CandidateTable.outside)
        })
    }
    self.candidates = candidates
    self.overlaps = overlaps
    self.costs = costs
  }

  /// Bounded below as PyTorch's binary_cross_entropy bounds it.
  private static func logarithm(_ value: Float) -> Float { max(naturalLogarithm(value), -100) }
}

extension Predictions {
  /// Geometric mean of objectness and class probability: what the assignment compares.
  fileprivate func score(_ anchor: Int, _ index: Int) -> Float {
    (sigmoid(classLogit(anchor, index)) * sigmoid(objectness[anchor])).squareRoot()
  }
}
