/// SimOTA, the paper's label assignment (section 2.1; yolo_head.py, get_assignments and simota_matching): each object takes
/// the dynamic top k of the anchors near its centre by cost.
package struct SimOTA: Sendable {
  /// Half the side of the square around an object's centre that contains its candidates, in strides. The paper and
  /// the authors' releases up to 0.3 have 2.5 (and the inside of the box); their code since has 1.5.
  package var centerRadius: Float = 1.5
  /// Weight of the box in the cost.
  package var iouWeight: Float = 3
  /// Number of best IoUs whose sum is the number of anchors that an object takes.
  package var candidateCount = 10

  package init() {}

  package func callAsFunction(_ predictions: AnchorPredictions, _ targets: [Target]) -> Assignment {
    guard !targets.isEmpty else { return Assignment(matches: []) }
    let costMatrix = CostMatrix(predictions, targets, centerRadius: centerRadius, iouWeight: iouWeight)
    guard !costMatrix.candidates.isEmpty else { return Assignment(matches: []) }

    // For each candidate, the objects that selected it.
    var claims = Array(repeating: [Int](), count: costMatrix.candidates.count)
    for target in targets.indices {
      let ious = costMatrix.ious[target]
      let sum = ious.sorted(by: >).prefix(candidateCount).reduce(0, +)
      let order = ious.indices.sorted {
        (costMatrix.costs[target][$0], $0) < (costMatrix.costs[target][$1], $1)
      }
      for candidate in order.prefix(max(1, Int(sum))) { claims[candidate].append(target) }
    }

    return Assignment(
      matches: claims.indices.compactMap { candidate in
        guard let first = claims[candidate].first else { return nil }
        var target = first
        if claims[candidate].count > 1 {
          // A contested candidate goes to the cheapest of all objects, as in the authors' code, not only of its claimants.
          for other in targets.indices
          where other == 0 || costMatrix.costs[other][candidate] < costMatrix.costs[target][candidate] {
            target = other
          }
        }
        return Assignment.Match(
          anchor: costMatrix.candidates[candidate], target: target, iou: costMatrix.ious[target][candidate])
      })
  }
}
