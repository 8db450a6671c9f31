/// The name of `known` that a user may have meant by `name`; `nil` if none is close.
package func nearestName(to name: String, among known: some Sequence<String>) -> String? {
  // Longer names are no typing errors, and the work grows with the length.
  guard name.utf8.count <= 64 else { return nil }
  let wanted = Array(name.lowercased())
  let limit = max(1, wanted.count / 3)
  // The difference of the lengths is a lower bound of the distance.
  let near = known.map { ($0, Array($0.lowercased())) }
    .filter { abs($0.1.count - wanted.count) <= limit }
    .map { ($0.0, editDistance(wanted, $0.1)) }
    .min { $0.1 < $1.1 }
  guard let near, near.1 <= limit else { return nil }
  return near.0
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment).
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var earlier: [Int] = []
  var row = Array(0...b.count)
  for i in a.indices {
    var next = [i + 1]
    for j in b.indices {
      var distance = min(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, earlier[j - 1] + 1) }
      next.append(distance)
    }
    (earlier, row) = (row, next)
  }
  return row[b.count]
}
