import ArgumentParser
import Checkpoints
import Engine
import Imaging
import YOLOX

extension WeightsCommand {
  struct Convert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Convert weights to safetensors, ONNX or PyTorch.",
      discussion: """
        The suffix of the output selects the format. Labels, input size and preprocessing are stored in the file.

          yolox weights convert best.pth best.onnx --dynamic-batch --decode
        """)

    @Argument(help: "Weights file to read.", completion: .weights) var input: String
    @Argument(help: "File to write (.safetensors, .onnx, .pth).", completion: .file()) var output: String
    @Option(help: "Text file with one label per line.", completion: .file()) var labels: String?
    @Option(help: "Input size, a multiple of 32: 640 or HEIGHTxWIDTH.") var size: InputSize?
    @Option(help: "Input normalization; legacy is for weights older than YOLOX 0.1.1.")
    var preprocessing: Preprocessing?
    @Option(help: "Activation of a checkpoint that does not store it.") var activation: Activation?
    @Option(help: "ONNX opset, 13 to 21.") var opset = 13
    @Flag(help: "ONNX: leave the batch size open.") var dynamicBatch = false
    @Flag(help: "ONNX: output boxes in pixels.") var decode = false

    private enum Format: String {
      case safetensors, onnx, pth
    }

    private var format: Format? {
      output.split(separator: ".").last.flatMap { Format(rawValue: $0.lowercased()) }
    }

    func validate() throws {
      guard let format else {
        throw ValidationError("the output file must end in .safetensors, .onnx or .pth")
      }
      guard ONNXWriter.opsets.contains(opset) else { throw ValidationError("--opset must be 13 to 21") }
      if format != .onnx, opset != 13 || dynamicBatch || decode {
        throw ValidationError("--opset, --dynamic-batch and --decode apply to .onnx files only")
      }
    }

    func run() async throws {
      var settings = ModelSettings(size: size, preprocessing: preprocessing, activation: activation)
      if let labels { settings.labels = try ModelSettings.labels(inFile: labels, place: "--labels") }
      let weights = try PretrainedWeights.read(input, settings)
      try CLIError.naming(output) {
        switch format {
        case .onnx:
          try weights.writeONNX(
            to: output,
            ONNXExportOptions(
              inputSize: weights.inputSize, opset: opset, dynamicBatch: dynamicBatch, decode: decode))
        case .pth: try weights.writeTorch(to: output)
        case .safetensors, nil: try weights.write(to: output, calibration: weights.calibration)
        }
      }
      try printLine(
        "\(output): \(weights.architecture.modelName), \(weights.classCount) classes, \(weights.inputSize)")
    }
  }
}
