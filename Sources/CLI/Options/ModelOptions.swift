import ArgumentParser
import Engine
import Imaging
import WeightsStore
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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

  @Option(help: PrecisionOption.help)
  var precision = PrecisionOption.fixed(.float32)

  @Option(help: ScaledDecode.help)
  var scaledDecode = ScaledDecode.auto

  var threadCount: Int { threading.count }

  func loadModel() throws -> Model { try loadModel(weights) }

  /// - Parameters:
  ///   - name: replaces the name of the network.
  ///   - report: receives what `--precision auto` has chosen.
  func loadModel(
    _ weights: String, name: String? = nil, report: (PrecisionChoice) -> Void = { printError("\($0)") }
  ) throws -> Model {
    try trimmingAllocator { try plannedModel(weights, name: name, report: report) }
  }

  private func plannedModel(
    _ weights: String, name: String?, report: (PrecisionChoice) -> Void
  ) throws -> Model {
    let path = try WeightsLocation.path(of: weights)
    let pretrained = try PretrainedWeights.read(path)
    var model = try Model(
      pretrained, name: name, sha256: sha256(ofFile: path), inputSize: size,
      labels: try labels.map(ModelOptions.labels(inFile:)), preprocessing: preprocessing,
      options: PlanOptions(precision: precision.resolved(for: pretrained, report: report)))
    model.fastDecode = scaledDecode
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
