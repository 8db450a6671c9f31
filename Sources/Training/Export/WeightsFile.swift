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

  /// - Parameters:
  ///   - epoch: epochs trained; stored in `.pth` only.
  ///   - type: how `.safetensors` stores numbers; `.pth` is float32.
  ///   - license: an SPDX identifier, for `.safetensors`; the weights' own if not given.
  package static func write(
    _ weights: PretrainedWeights, epoch: Int = 0, as type: ElementType = .float32, license: String? = nil,
    to path: String
  ) throws(TrainingError) {
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
        try weights.write(
          to: path, calibration: weights.calibration, as: type, license: license)
      } catch {
        throw TrainingError(error, path: path)
      }
    }
  }
}
