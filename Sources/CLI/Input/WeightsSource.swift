import Checkpoints
import Digests
import Embedded
import WeightsStore
import YOLOX

/// The weights of a command: a file, or the demo network in the binary.
enum WeightsSource: Sendable {
  case file(String)
  case demo([UInt8])

  /// - Parameter weights: a file or a name. `nil` selects YOLOX-Nano or, where this machine does not have it, the demo
  ///   network. Weights that were asked for are never replaced.
  init(_ weights: String?) throws {
    if let weights {
      self = .file(try WeightsLocation.path(of: weights))
    } else if let nano = try? WeightsLocation.path(of: WeightsSource.defaultName) {
      self = .file(nano)
    } else if let demo = Embedded.demoNetwork {
      self = .demo(demo)
    } else {
      self = .file(try WeightsLocation.path(of: WeightsSource.defaultName))
    }
  }

  private static let defaultName = "yolox-nano"

  /// What users of the demo network must know; `nil` for a file.
  var note: String? {
    guard case .demo = self else { return nil }
    return "This is the demo network, trained on drawn streets. For photographs, fetch COCO's weights: "
      + "'yolox weights fetch \(WeightsSource.defaultName)'."
  }

  /// The name of the demo network, or a file's: `yolox_nano.onnx` becomes `yolox-nano`.
  var name: String {
    switch self {
    case .demo: Embedded.demoNetworkName
    case .file(let path): NamedWeights(weights: path).name
    }
  }

  /// `settings`, and those of the file's sidecar where there are none.
  func completed(_ settings: ModelSettings = ModelSettings()) throws(CLIError) -> ModelSettings {
    guard case .file(let path) = self else { return settings }
    return settings.completed(by: try .sidecar(of: path))
  }

  /// - Parameters:
  ///   - settings: override what the file says, as ``completed(_:)`` gives them.
  ///   - notice: receives what was decided without being told.
  func read(
    _ settings: ModelSettings, notice: (String) -> Void = printError
  ) throws -> (weights: PretrainedWeights, sha256: String) {
    switch self {
    case .file(let path):
      (try PretrainedWeights.read(path, exactly: settings, notice: notice), try sha256(ofFile: path))
    case .demo(let bytes):
      (
        try CLIError.naming(name) {
          try PretrainedWeights(Checkpoint(bytes, path: name), activation: settings.activation)
            .overriding(settings)
        }, SHA256Digest(of: bytes).hexadecimal
      )
    }
  }
}

extension PretrainedWeights {
  func overriding(_ settings: ModelSettings) throws(ModelError) -> PretrainedWeights {
    try overriding(labels: settings.labels, inputSize: settings.size, preprocessing: settings.preprocessing)
  }
}
