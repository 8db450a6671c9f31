import ArgumentParser
import Engine
import FoundationCompatibility
import Imaging
import YOLOX

/// The network of a command, and how it runs.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Weights file (.onnx, .pth, .safetensors) or name; see 'yolox weights list'.",
      discussion: "Default: yolox-nano, or the demo network in the binary while yolox-nano is not downloaded."
    ), completion: .weights)
  var weights: String?

  @Option(help: "Input size, a multiple of 32: 640 or HEIGHTxWIDTH. Default: from the weights.")
  var size: InputSize?

  @OptionGroup var threading: ThreadOptions

  @Option(help: "Text file with one label per line; replaces the labels of the weights.", completion: .file())
  var labels: String?

  @Option(help: "Input normalization; legacy is for weights older than YOLOX 0.1.1.")
  var preprocessing: Preprocessing?

  @Option(help: "Activation of a checkpoint that does not store it; ONNX files do.")
  var activation: Activation?

  @Option(help: PrecisionOption.helpWithDefault)
  var precision: PrecisionOption?

  @Option(help: InputShape.help)
  var inputShape = InputShape.square

  @Option(help: ScaledDecode.help)
  var scaledDecode = ScaledDecode.auto

  var threadCount: Int { threading.count }

  /// Loads the model of `--weights` and prints what its user must know.
  func loadModel() throws -> Model {
    let model = try loadModel(WeightsSource(weights))
    if let note = model.note { printWarning(note) }
    return model
  }

  /// - Parameters:
  ///   - name: replaces the name of the network.
  ///   - settings: of this model; they override the options.
  ///   - report: receives what was decided: the precision of `--precision auto`, notices on the weights.
  func loadModel(
    _ source: WeightsSource, name: String? = nil, settings: ModelSettings = ModelSettings(),
    report: (String) -> Void = printError
  ) throws -> Model {
    try trimmingAllocator { try plannedModel(source, name: name, settings: settings, report: report) }
  }

  private func plannedModel(
    _ source: WeightsSource, name: String?, settings: ModelSettings, report: (String) -> Void
  ) throws -> Model {
    let settings = try source.completed(settings.completed(by: try self.settings()))
    let (pretrained, sha256) = try source.read(settings, notice: report)
    let precision = settings.precision ?? .fixed(.float32)
    if precision == .fixed(.int8), pretrained.calibration == nil {
      throw CLIError("--precision int8 needs calibrated weights; make them with 'yolox weights quantize'")
    }
    var model = try Model(
      pretrained, name: name, sha256: sha256,
      options: PlanOptions(precision: precision.resolved(for: pretrained) { report("\($0)") }))
    model.scaledDecode = scaledDecode
    model.inputShape = inputShape
    model.note = source.note
    for warning in model.selfCheck(pool: WorkerPool(threads: threadCount)) {
      report("\(model.name): \(warning)")
    }
    return model
  }

  private func settings() throws(CLIError) -> ModelSettings {
    var settings = ModelSettings(
      size: size, preprocessing: preprocessing, activation: activation, precision: precision)
    if let labels { settings.labels = try ModelSettings.labels(inFile: labels, place: "--labels") }
    return settings
  }
}
