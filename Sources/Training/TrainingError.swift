/// Why training cannot start or go on.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
  case unreadablePicture(path: String, reason: String)
  case emptyDataset(path: String)
  /// A data set, or a file of one, that is not as it should be.
  case unusableData(path: String, reason: String)
  /// A loss that is no number; the last good checkpoint stays.
  case diverged(epoch: Int, iteration: Int)
  case unreadableCheckpoint(path: String, reason: String)
  /// Several processes were started and cannot train together.
  case noPeers(reason: String)
  case unwritable(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadablePicture(let path, let reason), .unusableData(let path, let reason): "\(path): \(reason)"
    case .noPeers(let reason): reason
    case .emptyDataset(let path): "\(path): no usable picture"
    case .diverged(let epoch, let iteration):
      "the loss is no number any more in epoch \(epoch), iteration \(iteration); try a lower learning rate. The checkpoint of the last epoch is kept"
    case .unreadableCheckpoint(let path, let reason), .unwritable(let path, let reason): "\(path): \(reason)"
    }
  }
}
