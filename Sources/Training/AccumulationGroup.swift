/// The batches of an epoch whose gradients are added up for one step. The last group of an epoch may be smaller, so that
/// an epoch, and with it every checkpoint, ends with a step and no gradient waits.
package struct AccumulationGroup: Sendable, Equatable {
  /// Batches in the group.
  package let size: Int
  /// Whether the batch in question is the last one of the group: the step follows.
  package let isComplete: Bool

  package static let single = AccumulationGroup(batch: 0, batchesPerEpoch: 1, accumulation: 1)

  /// The group of batch `batch` of an epoch.
  package init(batch: Int, batchesPerEpoch: Int, accumulation: Int) {
    let first = batch / accumulation * accumulation
    size = min(accumulation, batchesPerEpoch - first)
    isComplete = batch == first + size - 1
  }
}
