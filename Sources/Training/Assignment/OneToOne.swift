/// One anchor for each object and no anchor for two, the cheapest pairs first: what a network without suppression learns
/// to choose (YOLOX paper, "end-to-end"; Zhou et al. 2021).
package struct OneToOne: Sendable {
  package var centerRadius: Float = 1.5

  package init() {}

  package func callAsFunction(_ predictions: Predictions, _ targets: [Target]) -> Assignment {
    let table = CostMatrix(
      predictions, targets, centerRadius: centerRadius, overlapWeight: SimOTA().overlapWeight)
    var pairs = targets.indices.flatMap { target in
      table.candidates.indices.map { (cost: table.costs[target][$0], target: target, candidate: $0) }
    }
    pairs.sort { ($0.cost, $0.target, $0.candidate) < ($1.cost, $1.target, $1.candidate) }
    var isServed = Array(repeating: false, count: targets.count)
    var isTaken = Array(repeating: false, count: table.candidates.count)
    var matches: [Assignment.Match] = []
    for pair in pairs where !isServed[pair.target] && !isTaken[pair.candidate] {
      isServed[pair.target] = true
      isTaken[pair.candidate] = true
      matches.append(
        Assignment.Match(
          anchor: table.candidates[pair.candidate], target: pair.target,
          overlap: table.overlaps[pair.target][pair.candidate]))
    }
    return Assignment(matches: matches.sorted { $0.anchor < $1.anchor })
  }
}
