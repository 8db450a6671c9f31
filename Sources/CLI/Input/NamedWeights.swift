import ArgumentParser

/// `door=runs/door/best.safetensors;labels=door.txt`
struct NamedWeights: ExpressibleByArgument {
  let name: String
  let weights: String
  /// Names and values behind the file.
  private let given: [(name: String, value: String)]

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, parts[0].allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }) else {
      return nil
    }
    let pieces = parts[1].split(separator: ";").map(String.init)
    let settings = pieces.dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    guard let file = pieces.first, settings.allSatisfy({ $0.count == 2 }) else { return nil }
    (name, weights, given) = (parts[0], file, settings.map { ($0[0], $0[1]) })
  }

  func settings() throws(CLIError) -> ModelSettings {
    var settings = ModelSettings()
    for (setting, value) in given { try settings.set(setting, value, place: "--model \(name)") }
    return settings
  }

  /// Names weights after their file: `yolox_nano.onnx` becomes `yolox-nano`.
  init(weights: String) {
    let file = weights.split(separator: "/").last.map(String.init) ?? weights
    let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    name = stem.replacing("_", with: "-")
    given = []
    self.weights = weights
  }
}
