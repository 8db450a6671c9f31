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
      discussion: "Requests that name no model use the first one.", valueName: "name=weights"))
  var named: [NamedWeights] = []

  func sources(_ options: ModelOptions) throws -> [ModelSource] {
    let names = named.map(\.name)
    if let duplicate = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw CLIError("--model: '\(duplicate)' is given twice; names must be unique")
    }
    guard !named.isEmpty else {
      let source = try WeightsSource(options.weights)
      return [
        ServedModelOptions.source(
          options.weights.map { NamedWeights(weights: $0).name } ?? source.name, options
        ) { source }
      ]
    }
    return named.map { entry in
      ServedModelOptions.source(entry.name, options) { try WeightsSource(entry.weights) }
    }
  }

  private static func source(
    _ name: String, _ options: ModelOptions, _ weights: @escaping @Sendable () throws -> WeightsSource
  ) -> ModelSource {
    let logger = Logger(label: "yolox")
    return ModelSource(name: name) {
      let model = try options.loadModel(weights(), name: name) { choice in
        logger.info("\(choice)", metadata: ["model": "\(name)"])
      }
      if let note = model.note { logger.warning("\(note)", metadata: ["model": "\(name)"]) }
      return model
    }
  }
}

/// `door=runs/door/best.safetensors`
struct NamedWeights: ExpressibleByArgument {
  let name: String
  let weights: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, parts[0].allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }) else {
      return nil
    }
    (name, weights) = (parts[0], parts[1])
  }

  /// Names weights after their file: `yolox_nano.onnx` becomes `yolox-nano`.
  init(weights: String) {
    let file = weights.split(separator: "/").last.map(String.init) ?? weights
    let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    name = stem.replacing("_", with: "-")
    self.weights = weights
  }
}
