/// The candidate anchors near any object's centre, with IoU and assignment cost for each object.
struct CostMatrix {
  /// Added to the cost of an anchor that is not near the object's centre.
  private static let outside: Float = 1e6

  let candidates: [Int]
  /// `[target][candidate]`
  let ious: [[Float]]
  let costs: [[Float]]
  /// Cost of assigning a candidate to the background.
  let backgroundCosts: [Float]

  init(_ predictions: AnchorPredictions, _ targets: [Target], centerRadius: Float, iouWeight: Float) {
    func isNear(_ anchor: AnchorPredictions.Anchor, _ box: CenteredBox) -> Bool {
      let reach = centerRadius * anchor.stride
      return abs(anchor.centerX - box.x) < reach && abs(anchor.centerY - box.y) < reach
    }
    let candidates = predictions.anchors.indices.filter { index in
      targets.contains { isNear(predictions.anchors[index], $0.box) }
    }

    let boxes = candidates.map(predictions.box)
    // Binary cross entropy for an all-zero class target; the term of the object's class is corrected below.
    let noClass = candidates.map { anchor in
      (0..<predictions.classCount).reduce(Float(0)) {
        $0 - CostMatrix.logarithm(1 - predictions.score(anchor, $1))
      }
    }
    var ious: [[Float]] = []
    var costs: [[Float]] = []
    for target in targets {
      let iou = boxes.map(target.box.iou)
      ious.append(iou)
      costs.append(
        candidates.indices.map { candidate in
          let anchor = candidates[candidate]
          let score = predictions.score(anchor, target.classIndex)
          let classCost =
            noClass[candidate] + CostMatrix.logarithm(1 - score) - CostMatrix.logarithm(score)
          let boxCost = -naturalLogarithm(iou[candidate] + 1e-8)
          return classCost + iouWeight * boxCost
            + (isNear(predictions.anchors[anchor], target.box) ? 0 : CostMatrix.outside)
        })
    }
    self.candidates = candidates
    self.ious = ious
    self.costs = costs
    backgroundCosts = noClass
  }

  /// Bounded below, as PyTorch's binary_cross_entropy bounds it.
  private static func logarithm(_ value: Float) -> Float { max(naturalLogarithm(value), -100) }
}

extension AnchorPredictions {
  /// Geometric mean of objectness and class probability: what the assignment compares.
  fileprivate func score(_ anchor: Int, _ index: Int) -> Float {
    (sigmoid(classLogit(anchor, index)) * sigmoid(objectness[anchor])).squareRoot()
  }
}
