import ArgumentParser
import Engine
import Imaging
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The network of a command, and how it runs.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Weights file (.onnx, .pth, .safetensors) or name; see 'yolox weights list'.",
      discussion: "Default: yolox-nano, or the demo network in the binary while yolox-nano is not downloaded."
    ))
  var weights: String?

  @Option(help: "Input size, a multiple of 32: 640 or HEIGHTxWIDTH. Default: from the weights.")
  var size: InputSize?

  @OptionGroup var threading: ThreadOptions

  @Option(help: "Text file with one label per line; replaces the labels of the weights.")
  var labels: String?

  @Option(help: "Input normalization; legacy is for weights older than YOLOX 0.1.1.")
  var preprocessing: Preprocessing?

  @Option(help: PrecisionOption.help)
  var precision = PrecisionOption.fixed(.float32)

  @Option(help: ScaledDecode.help)
  var scaledDecode = ScaledDecode.auto

  var threadCount: Int { threading.count }

  /// Loads the model of `--weights` and prints what its user must know.
  func loadModel() throws -> Model {
    let model = try loadModel(WeightsSource(weights))
    if let note = model.note { printError("Warning: \(note)") }
    return model
  }

  /// - Parameters:
  ///   - name: replaces the name of the network.
  ///   - report: receives what `--precision auto` has chosen.
  func loadModel(
    _ source: WeightsSource, name: String? = nil, report: (PrecisionChoice) -> Void = { printError("\($0)") }
  ) throws -> Model {
    try trimmingAllocator { try plannedModel(source, name: name, report: report) }
  }

  private func plannedModel(
    _ source: WeightsSource, name: String?, report: (PrecisionChoice) -> Void
  ) throws -> Model {
    let (pretrained, sha256) = try source.read()
    var model = try Model(
      pretrained, name: name, sha256: sha256, inputSize: size,
      labels: try labels.map(ModelOptions.labels(inFile:)), preprocessing: preprocessing,
      options: PlanOptions(precision: precision.resolved(for: pretrained, report: report)))
    model.fastDecode = scaledDecode
    model.note = source.note
    return model
  }

  private static func labels(inFile path: String) throws(CLIError) -> [String] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw CLIError("--labels: \(path) cannot be read as UTF-8 text")
    }
    return text.split(whereSeparator: \.isNewline)
      .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.filter { !$0.isEmpty }
  }
}
