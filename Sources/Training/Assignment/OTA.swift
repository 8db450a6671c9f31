#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Label assignment as optimal transport (Ge et al. 2021, "OTA"): objects supply as many positives as their best overlaps
/// add up to, the background supplies the rest, each anchor takes one, and the cheapest plan as a whole is sought. SimOTA is
/// its shortcut.
package struct OTA: Sendable {
  package var centerRadius: Float = 2.5
  /// Weight of the box in the cost (the paper's alpha).
  package var overlapWeight: Float = 1.5
  /// The sum of so many best overlaps is the number of anchors that an object supplies (the paper's q).
  package var candidateCount = 20

  package init() {}

  package func callAsFunction(_ predictions: Predictions, _ targets: [Target]) -> Assignment {
    guard !targets.isEmpty else { return Assignment(matches: []) }
    let table = CostMatrix(predictions, targets, centerRadius: centerRadius, overlapWeight: overlapWeight)
    guard !table.candidates.isEmpty else { return Assignment(matches: []) }

    var supplies = table.overlaps.map { overlaps in
      max(1, overlaps.sorted(by: >).prefix(candidateCount).reduce(0, +).rounded(.down))
    }
    // Where objects crowd, they may want more anchors than there are.
    let total = supplies.reduce(0, +)
    let available = Float(table.candidates.count)
    if total > available { supplies = supplies.map { $0 * available / total } }
    supplies.append(max(0, available - total))
    let plan = sinkhorn(costs: table.costs + [table.backgroundCosts], supplies: supplies.map(Double.init))

    let matches = table.candidates.indices.compactMap { candidate -> Assignment.Match? in
      // Objects supply different amounts; compared is the share of each one's largest.
      let shares = plan.map { row in row[candidate] / max(row.max() ?? 1, .leastNormalMagnitude) }
      guard let target = shares.indices.max(by: { shares[$0] < shares[$1] }), target < targets.count else {
        return nil
      }
      return Assignment.Match(
        anchor: table.candidates[candidate], target: target, overlap: table.overlaps[target][candidate])
    }
    return Assignment(matches: matches)
  }
}

/// The plan that carries `supplies` to columns which take 1 each, at nearly the least cost (Cuturi 2013, Sinkhorn-Knopp
/// iteration on logarithms, which large costs do not upset).
///
/// - Parameters:
///   - costs: `[supplier][column]`.
///   - supplies: adding up to the number of columns.
///   - smoothing: of the plan; the smaller, the nearer to the least cost.
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
