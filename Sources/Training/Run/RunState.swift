import Checkpoints
import Engine
import FoundationCompatibility
import Imaging
import YOLOX

/// The state of a run. With the parameter buffers it is all that a resumed run needs to repeat to the bit.
package struct RunState: Codable, Sendable, Equatable {
  package var options: TrainingOptions
  package var labels: [String]
  /// Index of the next iteration over the whole run.
  package var iteration = 0
  package var emaUpdates = 0
  package var epochsDone = 0
  /// Below -1, COCO's value for "no objects".
  package static let noAP = -2.0
  package var bestAP = RunState.noAP
  /// Sums over the iterations of the current epoch.
  package var epochLosses = Losses()
  package var epochIterations = 0

  /// Of the training and validation data.
  package var dataFingerprint: UInt64 = 0
  /// Number of epochs after which ``bestAP`` was reached; 0 for the initial weights.
  package var bestEpoch = 0
  /// Whether the run has ended before its last epoch, because AP had stopped rising.
  package var hasStoppedEarly = false

  package init(options: TrainingOptions, labels: [String]) {
    self.options = options
    self.labels = labels
  }

  /// The network of the run.
  package var graph: Graph { Graph.yolox(options.architecture, classCount: labels.count) }

  /// Makes servable weights of the network's `parameters`.
  func weights(_ parameters: Parameters) throws(ModelError) -> PretrainedWeights {
    let size = InputSize(height: options.inputSize, width: options.inputSize)
    return try PretrainedWeights(
      Checkpoint(
        format: .safetensors,
        metadata: ModelMetadata.values(
          architecture: options.architecture, labels: labels, inputSize: size,
          preprocessing: options.inputPreprocessing),
        tensors: parameters))
  }

  /// Makes servable weights of a checkpoint's tensors.
  ///
  /// - Parameter name: name of the buffer: `ema` or `parameters`.
  package func weights(_ tensors: Parameters, _ name: String, path: String) throws -> PretrainedWeights {
    let layout = ParameterLayout(graph)
    guard let tensor = tensors[name], tensor.count == layout.count else {
      throw TrainingError.unreadableCheckpoint(path: path, reason: "\(name) is missing or of another size")
    }
    let buffer = FloatBuffer(count: layout.count)
    buffer.set(tensor.values)
    return try weights(layout.parameters(buffer))
  }
}
