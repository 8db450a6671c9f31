import Checkpoints

/// Why training cannot start or go on.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
  case unreadablePicture(path: String, reason: String)
  case emptyDataset(path: String)
  /// A data set, or a file of one, that is not as it should be.
  case unusableData(path: String, reason: String)
  /// A loss that is no number; the last good checkpoint stays.
  case diverged(epoch: Int, iteration: Int)
  case unreadableCheckpoint(path: String, reason: String)
  /// A checkpoint of another version of this program, which keeps other things in it.
  case foreignCheckpoint(path: String, version: Int, expected: Int)
  /// A new run where there is one already.
  case occupied(folder: String, epochsDone: Int, epochs: Int)
  /// Several processes were started and cannot train together.
  case noPeers(reason: String)
  case unwritable(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadablePicture(let path, let reason), .unusableData(let path, let reason): "\(path): \(reason)"
    case .noPeers(let reason): reason
    case .emptyDataset(let path): "\(path): no usable picture"
    case .diverged(let epoch, let iteration):
      "the loss is no number any more in epoch \(epoch), iteration \(iteration); try a lower learning rate. The last checkpoint is kept"
    case .foreignCheckpoint(let path, let version, let expected):
      "\(path): a run's state in version \(version), which cannot be resumed by this program; it writes and reads version \(expected). The run's best.safetensors can be started from: yolox-train fit --weights"
    case .occupied(let folder, let epochsDone, let epochs):
      "\(folder) holds a run that has done \(epochsDone) of \(epochs) epochs: go on with it by `yolox-train resume`, or name another --output"
    case .unreadableCheckpoint(let path, let reason), .unwritable(let path, let reason): "\(path): \(reason)"
    }
  }
}

extension TrainingError {
  /// The same fact about a file that ``PartialFile`` could not write.
  init(_ error: CheckpointError, path: String) {
    switch error {
    case .unwritable(let path, let reason): self = .unwritable(path: path, reason: reason)
    default: self = .unwritable(path: path, reason: error.description)
    }
  }
}
