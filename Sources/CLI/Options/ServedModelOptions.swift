import ArgumentParser
import Logging
import Service
import YOLOX

/// The models to serve.
struct ServedModelOptions: ParsableArguments {
  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "Serve these weights under this name, instead of --weights; repeatable.",
      discussion: """
        Requests that name no model use the first one. Settings of one model follow its file: \
        'door=best.onnx;labels=door.txt;size=640' (labels, size, preprocessing, activation). A file best.json beside \
        best.onnx may have the same settings.
        """, valueName: "name=weights"))
  var named: [NamedWeights] = []

  func sources(_ options: ModelOptions) throws -> [ModelSource] {
    let names = named.map(\.name)
    if let duplicate = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw CLIError("--model: '\(duplicate)' is given twice; names must be unique")
    }
    guard !named.isEmpty else {
      let weights = try WeightsSource(options.weights)
      let name = options.weights.map { NamedWeights(weights: $0).name } ?? weights.name
      return [ServedModelOptions.source(name, options, settings: { ModelSettings() }, weights: { weights })]
    }
    return named.map { entry in
      ServedModelOptions.source(
        entry.name, options, settings: { try entry.settings() },
        weights: { try WeightsSource(entry.weights) })
    }
  }

  private static func source(
    _ name: String, _ options: ModelOptions, settings: @escaping @Sendable () throws -> ModelSettings,
    weights: @escaping @Sendable () throws -> WeightsSource
  ) -> ModelSource {
    let logger = Logger(label: "yolox")
    return ModelSource(name: name) {
      let model = try options.loadModel(weights(), name: name, settings: settings()) { text in
        logger.info("\(text)", metadata: ["model": "\(name)"])
      }
      if let note = model.note { logger.warning("\(note)", metadata: ["model": "\(name)"]) }
      return model
    }
  }
}

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
