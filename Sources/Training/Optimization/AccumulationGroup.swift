/// The batches whose gradients are accumulated for one optimiser step. The last group of an epoch may be smaller, so that
/// an epoch, and with it its checkpoint, always ends with a step and no accumulated gradient is lost.
package struct AccumulationGroup: Sendable, Equatable {
  /// Batches in the group.
  package let size: Int
  /// Whether the batch is the last of the group and the step follows.
  package let isComplete: Bool

  package static let single = AccumulationGroup(batch: 0, batchesPerEpoch: 1, accumulation: 1)

  /// The group of batch `batch` of an epoch.
  package init(batch: Int, batchesPerEpoch: Int, accumulation: Int) {
    let first = batch / accumulation * accumulation
    size = min(accumulation, batchesPerEpoch - first)
    isComplete = batch == first + size - 1
  }
}
