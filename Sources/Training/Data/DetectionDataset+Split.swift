extension DetectionDataset {
  /// Sets a part of the images aside for validation, from each class about the same share: images are grouped by their
  /// rarest class, and each group is shuffled and divided.
  ///
  /// - Parameter fraction: share of the validation images, between 0 and 1.
  package func splitting(
    validation fraction: Double, seed: UInt64
  ) -> (training: DetectionDataset, validation: DetectionDataset) {
    var imageCounts = Array(repeating: 0, count: labels.count)
    for entry in entries { for index in Set(entry.objects.map(\.classIndex)) { imageCounts[index] += 1 } }
    // Images without objects form a group of their own.
    let groups = Dictionary(grouping: entries.indices) { index in
      entries[index].objects.map(\.classIndex).min { (imageCounts[$0], $0) < (imageCounts[$1], $1) } ?? -1
    }
    var random = RandomSource(seed, 4)
    var validation: [Int] = []
    var share = 0.0
    for (_, members) in groups.sorted(by: { $0.key < $1.key }) {
      share += fraction * Double(members.count)
      let count = min(max(0, Int(share.rounded()) - validation.count), members.count)
      validation += members.sorted().shuffled(using: &random).prefix(count)
    }
    if validation.isEmpty, entries.count > 1 { validation = [entries.count - 1] }
    let chosen = Set(validation)
    return (subset(entries.indices.filter { !chosen.contains($0) }), subset(validation))
  }
}
