import Engine
import Imaging

/// Images `[N, 3, side, side]` and the objects of each image.
package struct Batch: Sendable {
  package let images: Tensor
  package let targets: [[Target]]
}

/// Makes a batch from its epoch and index alone: order and augmentation follow from the seed. Batches can thus be made
/// ahead, on any thread, and again after a resume.
package struct BatchLoader: Sendable {
  package let dataset: DetectionDataset
  package let batchSize: Int
  package let seed: UInt64
  package let augmentation: Augmentation
  package let preprocessing: Preprocessing
  /// Indices within a batch of the images that this process makes.
  package let indices: Range<Int>

  /// - Parameter processes: the processes that share each batch; `batchSize` counts the images of all.
  package init(
    dataset: DetectionDataset, batchSize: Int, seed: UInt64, augmentation: Augmentation,
    preprocessing: Preprocessing = .standard, processes: ProcessGroup = .single
  ) {
    self.preprocessing = preprocessing
    self.dataset = dataset
    self.batchSize = batchSize
    self.seed = seed
    self.augmentation = augmentation
    let share = batchSize / processes.count
    indices = processes.rank * share..<(processes.rank + 1) * share
  }

  /// The last batch is filled up from the start of the epoch, so that all batches have the same size.
  package var batchesPerEpoch: Int { max(1, (dataset.entries.count + batchSize - 1) / batchSize) }

  /// - Parameter isAugmented: whether to apply mosaic and MixUp; flip and HSV jitter always apply.
  package func batch(
    _ index: Int, epoch: Int, side: Int, isAugmented: Bool
  ) throws(TrainingError) -> Batch {
    var shuffle = RandomSource(seed, UInt64(epoch), 0)
    let order = dataset.entries.indices.shuffled(using: &shuffle)
    var planes = Tensor(shape: [indices.count, 3, side, side])
    var targets: [[Target]] = []
    for position in indices {
      let number = index * batchSize + position
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
      targets.append(
        sample.write(
          into: &planes.values, at: targets.count * 3 * side * side, side: side,
          preprocessing: preprocessing))
    }
    return Batch(images: planes, targets: targets)
  }
}
