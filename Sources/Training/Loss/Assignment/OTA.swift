import PlatformC

/// Label assignment as optimal transport (Ge et al. 2021, "OTA"): an object supplies as many positives as the sum of its
/// best IoUs, the background supplies the rest, each anchor demands one, and the plan of least total cost is computed.
/// SimOTA approximates it.
package struct OTA: Sendable {
  package var centerRadius: Float = 2.5
  /// Weight of the box in the cost (the paper's alpha).
  package var iouWeight: Float = 1.5
  /// Number of best IoUs whose sum is the supply of an object (the paper's q).
  package var candidateCount = 20

  package init() {}

  package func callAsFunction(_ predictions: AnchorPredictions, _ targets: [Target]) -> Assignment {
    guard !targets.isEmpty else { return Assignment(matches: []) }
    let costMatrix = CostMatrix(predictions, targets, centerRadius: centerRadius, iouWeight: iouWeight)
    guard !costMatrix.candidates.isEmpty else { return Assignment(matches: []) }

    var supplies = costMatrix.ious.map { ious in
      max(1, ious.sorted(by: >).prefix(candidateCount).reduce(0, +).rounded(.down))
    }
    // Crowded objects may supply more positives than there are candidates.
    let total = supplies.reduce(0, +)
    let available = Float(costMatrix.candidates.count)
    if total > available { supplies = supplies.map { $0 * available / total } }
    supplies.append(max(0, available - total))
    let plan = sinkhorn(
      costs: costMatrix.costs + [costMatrix.backgroundCosts], supplies: supplies.map(Double.init))

    let matches = costMatrix.candidates.indices.compactMap { candidate -> Assignment.Match? in
      // Supplies differ, so rows are compared relative to their maximum.
      let shares = plan.map { row in row[candidate] / max(row.max() ?? 1, .leastNormalMagnitude) }
      guard let target = shares.indices.max(by: { shares[$0] < shares[$1] }), target < targets.count else {
        return nil
      }
      return Assignment.Match(
        anchor: costMatrix.candidates[candidate], target: target, iou: costMatrix.ious[target][candidate])
    }
    return Assignment(matches: matches)
  }
}

/// The transport plan of nearly least cost from `supplies` to columns that demand 1 each (Cuturi 2013, Sinkhorn-Knopp
/// iteration in the logarithmic domain, which is stable for large costs).
///
/// - Parameters:
///   - costs: `[supplier][column]`.
///   - supplies: adding up to the number of columns.
///   - smoothing: entropic regularisation; smaller values come nearer to the least cost.
/// - Returns: `[supplier][column]`.
package func sinkhorn(
  costs: [[Float]], supplies: [Double], smoothing: Double = 0.1, iterations: Int = 50
) -> [[Double]] {
  let columns = costs.first?.count ?? 0
  let scaled = costs.map { $0.map { -Double($0) / smoothing } }
  var (rowPart, columnPart) = (
    Array(repeating: 0.0, count: costs.count), Array(repeating: 0.0, count: columns)
  )
  for _ in 0..<iterations {
    for row in costs.indices {
      rowPart[row] =
        log(max(supplies[row], 1e-12)) - logSumExp(columns) { scaled[row][$0] + columnPart[$0] }
    }
    for column in 0..<columns {
      columnPart[column] = -logSumExp(costs.count) { scaled[$0][column] + rowPart[$0] }
    }
  }
  return costs.indices.map { row in
    (0..<columns).map { exp(scaled[row][$0] + rowPart[row] + columnPart[$0]) }
  }
}

private func logSumExp(_ count: Int, _ value: (Int) -> Double) -> Double {
  let largest = (0..<count).reduce(-Double.infinity) { max($0, value($1)) }
  return largest + log((0..<count).reduce(0) { $0 + exp(value($1) - largest) })
}
