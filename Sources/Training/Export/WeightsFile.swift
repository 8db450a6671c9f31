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
    do {
      switch Format(path: path) {
      case .pth: try weights.writeTorch(to: path, epoch: epoch)
      case .safetensors, nil:
        try weights.write(to: path, calibration: weights.calibration, as: type, license: license)
      }
    } catch {
      throw TrainingError(error, path: path)
    }
  }
}
