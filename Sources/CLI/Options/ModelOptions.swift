import ArgumentParser
import Engine
import FoundationCompatibility
import Imaging
import WeightsStore
import YOLOX

/// The network of a command, and how it runs.
struct ModelOptions: ParsableArguments {
  @Option(help: "Weights file (.onnx, .pth, .safetensors) or name; see 'yolox weights list'.")
  var weights = "yolox-nano"

  @Option(help: "Input size, a multiple of 32: 640 or HEIGHTxWIDTH. Default: from the weights.")
  var size: InputSize?

  @OptionGroup var threading: ThreadOptions

  @Option(help: "Text file with one label per line; replaces the labels of the weights.")
  var labels: String?

  @Option(help: "Input normalization; legacy is for weights older than YOLOX 0.1.1.")
  var preprocessing: Preprocessing?

  @Option(help: "Activation of a checkpoint that does not store it; ONNX files do.")
  var activation: Activation?

  @Option(help: PrecisionOption.help)
  var precision = PrecisionOption.fixed(.float32)

  @Option(help: ScaledDecode.help)
  var scaledDecode = ScaledDecode.auto

  var threadCount: Int { threading.count }

  func loadModel() throws -> Model { try loadModel(weights) }

  /// - Parameters:
  ///   - name: replaces the name of the network.
  ///   - settings: of this model; they override the options.
  ///   - report: receives what was decided: the precision of `--precision auto`, notices on the weights.
  func loadModel(
    _ weights: String, name: String? = nil, settings: ModelSettings = ModelSettings(),
    report: (String) -> Void = printError
  ) throws -> Model {
    try trimmingAllocator { try plannedModel(weights, name: name, settings: settings, report: report) }
  }

  private func plannedModel(
    _ weights: String, name: String?, settings: ModelSettings, report: (String) -> Void
  ) throws -> Model {
    let path = try WeightsLocation.path(of: weights)
    let pretrained = try PretrainedWeights.read(path, settings.completed(by: self.settings()), notice: report)
    var model = try Model(
      pretrained, name: name, sha256: sha256(ofFile: path),
      options: PlanOptions(precision: precision.resolved(for: pretrained) { report("\($0)") }))
    model.scaledDecode = scaledDecode
    for warning in model.selfCheck(pool: WorkerPool(threads: threadCount)) { report("\(path): \(warning)") }
    return model
  }

  private func settings() throws(CLIError) -> ModelSettings {
    var settings = ModelSettings(size: size, preprocessing: preprocessing, activation: activation)
    if let labels { settings.labels = try ModelSettings.labels(inFile: labels, place: "--labels") }
    return settings
  }
}
