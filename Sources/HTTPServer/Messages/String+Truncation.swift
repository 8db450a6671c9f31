extension String {
  /// The longest prefix of whole characters with at most `limit` bytes, followed by `…` if something is cut.
  package func truncated(toUTF8 limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = startIndex
    while end < endIndex {
      let next = index(after: end)
      guard utf8.distance(from: startIndex, to: next) <= limit else { break }
      end = next
    }
    return self[..<end] + "…"
  }
}
