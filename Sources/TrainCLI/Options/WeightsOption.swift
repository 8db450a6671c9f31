import FoundationCompatibility
import Training
import YOLOX

extension PretrainedWeights {
  /// Reads a weights file; errors name it.
  static func read(_ path: String) throws -> PretrainedWeights {
    do {
      return try PretrainedWeights(contentsOf: path)
    } catch {
      throw TrainingError.unusableWeights(path: path, reason: "\(error)")
    }
  }

  /// Reads initial weights.
  ///
  /// - Parameter weights: a file, or a name such as `yolox-nano` of weights that `yolox weights fetch` has downloaded. Of
  ///   these, the `.pth` is preferred, which has batch normalisation.
  static func initial(_ weights: String) throws -> PretrainedWeights {
    let files = FileManager.default
    if files.fileExists(atPath: weights) || weights.contains("/") || weights.contains(".") {
      return try read(weights)
    }
    let variant = weights.hasPrefix("yolox-") ? String(weights.dropFirst("yolox-".count)) : weights
    guard let variant = Variant(rawValue: variant) else {
      throw TrainingError.unusableWeights(
        path: weights, reason: "neither a file nor the name of published weights such as yolox-nano")
    }
    let stem = "yolox_" + (variant == .darknet53 ? "darknet" : variant.rawValue)
    let folders = ["weights", ProcessInfo.processInfo.environment["YOLOX_WEIGHTS_DIR"]].compactMap(\.self)
    for name in ["\(stem).pth", "\(stem).onnx"] {
      for folder in folders where files.fileExists(atPath: "\(folder)/\(name)") {
        return try read("\(folder)/\(name)")
      }
    }
    throw TrainingError.unusableWeights(
      path: weights,
      reason:
        "not found in \(folders.joined(separator: " or ")); run `yolox weights fetch yolox-\(variant.rawValue) --training`"
    )
  }
}
