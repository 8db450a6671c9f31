import Checkpoints

/// Reasons why training cannot start or continue.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
  case unreadableImage(path: String, reason: String)
  case emptyDataset(path: String)
  /// A data set, or a file of it, is malformed.
  case unusableData(path: String, reason: String)
  /// The loss or a parameter is not finite; the last good checkpoint is kept.
  case diverged(epoch: Int, iteration: Int)
  case unreadableCheckpoint(path: String, reason: String)
  /// A checkpoint in the format of another version of this program.
  case unsupportedCheckpoint(path: String, version: Int, expected: Int)
  /// The output folder of a new run contains a run already.
  case runExists(folder: String, epochsDone: Int, epochs: Int)
  /// A run is resumed with other data than it was started with.
  case otherData(folder: String)
  /// Initial weights cannot start the requested network.
  case unusableWeights(path: String, reason: String)
  /// The processes cannot form a group.
  case processGroup(reason: String)
  case unwritable(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadableImage(let path, let reason), .unusableData(let path, let reason),
      .unusableWeights(let path, let reason):
      "\(path): \(reason)"
    case .otherData(let folder):
      "\(folder): the images or annotations are not those of the run; `yolox-train resume --new-data` continues with them from the last complete epoch"
    case .processGroup(let reason): reason
    case .emptyDataset(let path): "\(path): no usable image"
    case .diverged(let epoch, let iteration):
      "the loss or a weight is not finite in epoch \(epoch + 1), iteration \(iteration + 1): the last checkpoint is kept; continue it with `yolox-train resume --learning-rate` and a lower rate, or start with --clip-grad-norm 10"
    case .unsupportedCheckpoint(let path, let version, let expected):
      "\(path): the checkpoint has version \(version), this program reads version \(expected): start a new run from its best.safetensors with `yolox-train fit --weights`"
    case .runExists(let folder, let epochsDone, let epochs):
      "\(folder) contains a run that has completed \(epochsDone) of \(epochs) epochs: continue it with `yolox-train resume`, or choose another --output"
    case .unreadableCheckpoint(let path, let reason), .unwritable(let path, let reason): "\(path): \(reason)"
    }
  }
}

extension TrainingError {
  /// What is wrong, without the path.
  var reason: String {
    switch self {
    case .unreadableImage(_, let reason), .unusableData(_, let reason), .unusableWeights(_, let reason):
      reason
    default: description
    }
  }

  /// Converts a write error of ``AtomicFile`` or ``Safetensors``.
  init(_ error: CheckpointError, path: String) {
    switch error {
    case .unwritable(let path, let reason): self = .unwritable(path: path, reason: reason)
    default: self = .unwritable(path: path, reason: error.description)
    }
  }
}
