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
        'door=best.onnx;labels=door.txt;size=640' (labels, size, preprocessing, activation, batchnorm-epsilon, \
        precision). In a config file an entry may be an object: {"name": "door", "weights": "best.onnx", "size": 640}. \
        A file best.json beside best.onnx may have the same settings.
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
