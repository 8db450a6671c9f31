import Checkpoints
import Engine
import Imaging
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where a run stands; with the buffers beside it, all that is needed to go on as if it had not stopped.
package struct RunState: Codable, Sendable, Equatable {
  package var options: TrainingOptions
  package var labels: [String]
  /// The next iteration, counted over the whole run.
  package var iteration = 0
  package var averageUpdates = 0
  package var epochsDone = 0
  /// Below -1, which says that there was nothing to find.
  package var bestAP = -2.0
  /// Of the iterations of the epoch that is under way, added up.
  package var epochLosses = Losses()
  package var epochIterations = 0

  package init(options: TrainingOptions, labels: [String]) {
    self.options = options
    self.labels = labels
  }

  /// The network that is trained.
  package var graph: Graph { Graph.yolox(options.architecture, classCount: labels.count) }

  /// `parameters` of the run's network as weights that can be served.
  func weights(_ parameters: Parameters) throws(ModelError) -> PretrainedWeights {
    let size = InputSize(height: options.inputSide, width: options.inputSide)
    return try PretrainedWeights(
      Checkpoint(
        format: .safetensors,
        metadata: ModelMetadata.values(
          architecture: options.architecture, labels: labels, inputSize: size,
          preprocessing: .standard),
        tensors: parameters))
  }

  /// Weights out of a checkpoint of the run.
  ///
  /// - Parameter name: of the buffer: `average` or `parameters`.
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
