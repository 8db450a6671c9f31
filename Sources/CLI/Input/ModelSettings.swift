import Engine
import FoundationCompatibility
import Imaging
import YOLOX

/// What is said of a weights file beside the file: by options, by the entry of a model list, or by a sidecar.
package struct ModelSettings {
  package var labels: [String]?
  package var size: InputSize?
  package var preprocessing: Preprocessing?
  /// Of a checkpoint that does not say its own.
  package var activation: Activation?
  /// Of the normalisation in a checkpoint that was trained with another than the authors' 1e-3.
  package var batchNormalizationEpsilon: Float?
  package var precision: PrecisionOption?

  /// Bytes of a sidecar or of a file of labels; a thousand labels have 20 kB.
  static let sizeLimit = 4 << 20

  static let names = [
    "labels", "size", "preprocessing", "activation", "batchnorm-epsilon", "precision",
  ]

  /// These settings, and those of `other` where there are none.
  func completed(by other: ModelSettings) -> ModelSettings {
    ModelSettings(
      labels: labels ?? other.labels, size: size ?? other.size,
      preprocessing: preprocessing ?? other.preprocessing, activation: activation ?? other.activation,
      batchNormalizationEpsilon: batchNormalizationEpsilon ?? other.batchNormalizationEpsilon,
      precision: precision ?? other.precision)
  }

  /// - Parameter folder: of a labels file whose path is relative.
  mutating func set(
    _ name: String, _ value: SettingValue, place: String, folder: String? = nil
  ) throws(CLIError) {
    switch value {
    case .list(let labels) where name == "labels": self.labels = labels
    case .list: throw CLIError("\(place): '\(name)' takes one value")
    case .text(let text): try set(name, text, place: place, folder: folder)
    }
  }

  /// - Parameters:
  ///   - place: named in errors.
  ///   - folder: of a labels file whose path is relative.
  mutating func set(_ name: String, _ text: String, place: String, folder: String? = nil) throws(CLIError) {
    switch name {
    case "labels":
      let path = folder.map { text.hasPrefix("/") ? text : "\($0)/\(text)" } ?? text
      labels = try ModelSettings.labels(inFile: path, place: place)
    case "size": size = try value(InputSize(text), name, text, place)
    case "preprocessing": preprocessing = try value(Preprocessing(rawValue: text), name, text, place)
    case "activation": activation = try value(Activation(name: text), name, text, place)
    case "batchnorm-epsilon":
      let epsilon = Float(text).flatMap { $0 > 0 && $0 < 1 ? $0 : nil }
      batchNormalizationEpsilon = try value(epsilon, name, text, place)
    case "precision": precision = try value(PrecisionOption(argument: text), name, text, place)
    default:
      throw CLIError(
        "\(place): unknown setting '\(name)'; known are \(ModelSettings.names.joined(separator: ", "))")
    }
  }

  private func value<Value>(
    _ value: Value?, _ name: String, _ text: String, _ place: String
  ) throws(CLIError) -> Value {
    guard let value else { throw CLIError("\(place): '\(text)' is not a valid \(name)") }
    return value
  }

  /// One label per line.
  static func labels(inFile path: String, place: String) throws(CLIError) -> [String] {
    let bytes = try CLIError.naming(place + ": " + path) { try readBytes(path, limit: sizeLimit) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CLIError("\(place): \(path) cannot be read as UTF-8 text")
    }
    return text.split(whereSeparator: \.isNewline)
      .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.filter { !$0.isEmpty }
  }

  /// The settings in `best.json` beside `best.onnx`; empty if there is no such file.
  package static func sidecar(of weights: String) throws(CLIError) -> ModelSettings {
    let path = URL(filePath: weights).deletingPathExtension().path + ".json"
    var settings = ModelSettings()
    guard FileManager.default.fileExists(atPath: path) else { return settings }
    let bytes = try CLIError.naming(path) { try readBytes(path, limit: sizeLimit) }
    let members = try? JSONDecoder().decode([String: SettingValue].self, from: Data(bytes))
    guard let members else { throw CLIError("\(path): not a JSON object of model settings") }
    let folder = URL(filePath: path).deletingLastPathComponent().path
    for (name, member) in members.sorted(by: { $0.key < $1.key }) {
      try settings.set(name, member, place: path, folder: folder)
    }
    return settings
  }
}
