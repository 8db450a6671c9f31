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
    let table = CostMatrix(predictions, targets, centerRadius: centerRadius, overlapWeight: overlapWeight)
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
