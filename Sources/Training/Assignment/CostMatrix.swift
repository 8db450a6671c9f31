/// Anchors near the centre of any object, with overlap and cost for each object.
struct CostMatrix {
  /// Added to the cost of an anchor that is not near the object's centre.
  private static let outside: Float = 1e6

  let candidates: [Int]
  /// `[target][candidate]`
  let overlaps: [[Float]]
  let costs: [[Float]]
  /// What it costs a candidate to be nothing.
  let backgroundCosts: [Float]

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
        $0 - CostMatrix.logarithm(1 - predictions.score(anchor, $1))
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
            noClass[candidate] + CostMatrix.logarithm(1 - score) - CostMatrix.logarithm(score)
          let boxCost = -naturalLogarithm(overlap[candidate] + 1e-8)
          return classCost + overlapWeight * boxCost
            + (isNear(predictions.anchors[anchor], target.box) ? 0 : CostMatrix.outside)
        })
    }
    self.candidates = candidates
    self.overlaps = overlaps
    self.costs = costs
    backgroundCosts = noClass
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
