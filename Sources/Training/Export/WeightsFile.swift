import Checkpoints
import Engine
import YOLOX

/// Exports weights: `.safetensors` with labels and input size for the server, `.pth` for the authors' code.
package enum WeightsFile {
  package enum Format: String, Sendable {
    case safetensors, pth

    package init?(path: String) {
      self.init(rawValue: path.split(separator: ".").last.map { $0.lowercased() } ?? "")
    }
  }

  /// - Parameter epoch: epochs trained; stored in `.pth` only.
  package static func write(_ weights: PretrainedWeights, epoch: Int = 0, to path: String)
    throws(TrainingError)
  {
    switch Format(path: path) {
    case .pth:
      let graph = Graph.yolox(weights.architecture, classCount: weights.classCount)
      let missing = graph.parameterShapes.map(\.name).filter { weights.parameters[$0] == nil }
      guard missing.isEmpty else {
        throw .unusableData(
          path: path,
          reason: "the weights have no \(missing[0]): batch normalisation is folded into the convolutions")
      }
      try TorchCheckpoint.write(
        weights.parameters, in: graph.parameterShapes.map(\.name), labels: weights.labels, epoch: epoch,
        to: path)
    case .safetensors, nil:
      do {
        try Safetensors.write(
          weights.parameters,
          metadata: ModelMetadata.values(
            architecture: weights.architecture, labels: weights.labels, inputSize: weights.inputSize,
            preprocessing: weights.preprocessing), to: path)
      } catch {
        throw TrainingError(error, path: path)
      }
    }
  }
}
