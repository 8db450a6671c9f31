import Checkpoints
import Engine
import YOLOX

/// Exports weights: `.safetensors` with labels and input size for the server, `.pth` for the authors' code, `.onnx` for other
/// runtimes.
package enum WeightsFile {
  package enum Format: String, Sendable {
    case safetensors, pth, onnx

    package init?(path: String) {
      self.init(rawValue: path.split(separator: ".").last.map { $0.lowercased() } ?? "")
    }
  }

  /// - Parameters:
  ///   - epoch: epochs trained; stored in `.pth` only.
  ///   - type: how `.safetensors` stores numbers; `.pth` is float32.
  ///   - license: an SPDX identifier, for `.safetensors`; the weights' own if not given.
  ///   - onnx: how `.onnx` is written; by default with the weights' input size.
  package static func write(
    _ weights: PretrainedWeights, epoch: Int = 0, as type: ElementType = .float32, license: String? = nil,
    onnx: ONNXExportOptions? = nil, to path: String
  ) throws(TrainingError) {
    if Format(path: path) == .onnx {
      do throws(ModelError) {
        try weights.writeONNX(to: path, onnx ?? ONNXExportOptions(inputSize: weights.inputSize))
      } catch {
        if case .unreadable(let error) = error { throw TrainingError(error, path: path) }
        throw .unwritable(path: path, reason: "\(error)")
      }
      return
    }
    do throws(CheckpointError) {
      if Format(path: path) == .pth {
        try weights.writeTorch(to: path, epoch: epoch)
      } else {
        try weights.write(to: path, calibration: weights.calibration, as: type, license: license)
      }
    } catch { throw TrainingError(error, path: path) }
  }
}
