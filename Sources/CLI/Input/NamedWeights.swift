import ArgumentParser
import FoundationCompatibility

/// A name, a weights file and settings: `door=best.safetensors;labels=door.txt`, or as JSON
/// `{"name": "door", "weights": "best.safetensors", "labels": ["open", "closed"]}`.
package struct NamedWeights: ExpressibleByArgument {
  package let name: String
  package let weights: String
  private let given: [(name: String, value: SettingValue)]

  package init?(argument: String) {
    if argument.hasPrefix("{") {
      self.init(json: argument)
    } else {
      self.init(text: argument)
    }
  }

  private init?(text: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, NamedWeights.isName(parts[0]) else { return nil }
    let pieces = parts[1].split(separator: ";").map(String.init)
    let settings = pieces.dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    guard let file = pieces.first, settings.allSatisfy({ $0.count == 2 }) else { return nil }
    (name, weights, given) = (parts[0], file, settings.map { ($0[0], .text($0[1])) })
  }

  private init?(json: String) {
    guard let members = try? JSONDecoder().decode([String: SettingValue].self, from: Data(json.utf8)),
      case .text(let name)? = members["name"], NamedWeights.isName(name),
      case .text(let weights)? = members["weights"], !weights.isEmpty
    else { return nil }
    let settings = members.filter { !["name", "weights"].contains($0.key) }
    (self.name, self.weights, given) = (name, weights, settings.sorted { $0.key < $1.key }.map { ($0, $1) })
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) }
  }

  package func settings() throws(CLIError) -> ModelSettings {
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
