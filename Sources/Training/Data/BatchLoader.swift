import Engine

/// Pictures as one tensor `[N, 3, side, side]` and their objects.
package struct Batch: Sendable {
  package let images: Tensor
  package let targets: [[Target]]
}

/// Makes any batch of any epoch from its number alone: order and augmentation follow from the seed. Batches can thus be
/// made ahead, on any thread, and again after a resume.
package struct BatchLoader: Sendable {
  package let dataset: DetectionDataset
  package let batchSize: Int
  package let seed: UInt64
  package let augmentation: Augmentation
  /// Which pictures of a batch are made here.
  package let places: Range<Int>

  /// - Parameter peers: the processes among which each batch is shared out; `batchSize` is of all together.
  package init(
    dataset: DetectionDataset, batchSize: Int, seed: UInt64, augmentation: Augmentation,
    peers: ProcessGroup = .alone
  ) {
    self.dataset = dataset
    self.batchSize = batchSize
    self.seed = seed
    self.augmentation = augmentation
    let share = batchSize / peers.count
    places = peers.rank * share..<(peers.rank + 1) * share
  }

  /// The last batch is filled from the start of the epoch's order, so that all have the same size.
  package var batchesPerEpoch: Int { max(1, (dataset.entries.count + batchSize - 1) / batchSize) }

  /// - Parameter isAugmented: with mosaic and mix-up; without, pictures are still mirrored and recoloured.
  package func batch(
    _ index: Int, epoch: Int, side: Int, isAugmented: Bool
  ) throws(TrainingError) -> Batch {
    var shuffle = RandomSource(seed, UInt64(epoch), 0)
    let order = dataset.entries.indices.shuffled(using: &shuffle)
    var planes = Tensor(shape: [places.count, 3, side, side])
    var targets: [[Target]] = []
    for place in places {
      let number = index * batchSize + place
      var random = RandomSource(seed, UInt64(epoch), 1, UInt64(number))
      let first = try dataset.sample(order[number % order.count], side: side)
      let sample: Sample
      if isAugmented {
        var failure: TrainingError?
        sample = augmentation.apply(to: first, side: side, random: &random) { random in
          do throws(TrainingError) {
            return try dataset.sample(Int.random(in: dataset.entries.indices, using: &random), side: side)
          } catch {
            failure = error
            return first
          }
        }
        if let failure { throw failure }
      } else {
        sample = augmentation.finish(first, random: &random)
      }
      targets.append(sample.write(into: &planes.values, at: targets.count * 3 * side * side, side: side))
    }
    return Batch(images: planes, targets: targets)
  }
}
