/// One-to-one assignment, cheapest pairs first: the target of the NMS-free head (YOLOX paper, "end-to-end"; Zhou et al.
/// 2021).
package struct OneToOne: Sendable {
  package var centerRadius: Float = 1.5

  package init() {}

  package func callAsFunction(_ predictions: AnchorPredictions, _ targets: [Target]) -> Assignment {
    let costMatrix = CostMatrix(
      predictions, targets, centerRadius: centerRadius, iouWeight: SimOTA().iouWeight)
    var pairs = targets.indices.flatMap { target in
      costMatrix.candidates.indices.map {
        (cost: costMatrix.costs[target][$0], target: target, candidate: $0)
      }
    }
    pairs.sort { ($0.cost, $0.target, $0.candidate) < ($1.cost, $1.target, $1.candidate) }
    var isMatched = Array(repeating: false, count: targets.count)
    var isTaken = Array(repeating: false, count: costMatrix.candidates.count)
    var matches: [Assignment.Match] = []
    for pair in pairs where !isMatched[pair.target] && !isTaken[pair.candidate] {
      isMatched[pair.target] = true
      isTaken[pair.candidate] = true
      matches.append(
        Assignment.Match(
          anchor: costMatrix.candidates[pair.candidate], target: pair.target,
          iou: costMatrix.ious[pair.target][pair.candidate]))
    }
    return Assignment(matches: matches.sorted { $0.anchor < $1.anchor })
  }
}
