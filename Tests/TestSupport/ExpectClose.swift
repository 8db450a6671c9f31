import Testing

/// Compares two lists of numbers and, where they differ, names the worst place: index, both values, how far.
package func expectClose(
  _ actual: [Float], _ expected: [Float], within tolerance: Float = 1e-5, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what): \(actual.count) values instead of \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var worst = (index: 0, difference: Float(0))
  for index in actual.indices {
    let difference = abs(actual[index] - expected[index])
    // Written so that NaN counts as worst.
    if !(difference <= worst.difference) { worst = (index, difference) }
    if difference.isNaN { break }
  }
  #expect(
    worst.difference <= tolerance,
    "\(what)[\(worst.index)] is \(actual.isEmpty ? 0 : actual[worst.index]) instead of \(expected.isEmpty ? 0 : expected[worst.index])",
    sourceLocation: sourceLocation)
}
