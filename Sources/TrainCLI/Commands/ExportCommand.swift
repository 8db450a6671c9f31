import ArgumentParser
import Checkpoints
import Engine
import Training
import YOLOX

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Export weights as safetensors, PyTorch and ONNX files.",
    discussion: """
      yolox-train export --run runs/mine --output mine.safetensors mine.pth mine.onnx

      .safetensors is for the server, .pth for the authors' PyTorch code, .onnx for other runtimes.
      """)

  @Option(
    name: .customLong("run"), help: "Folder of a run, whose best weights are exported.")
  var folder: String?

  @Flag(help: "Export the last averaged weights of the run instead of the best.")
  var last = false

  @Option(help: "Weights to export instead of a run, in any format that yolox reads.")
  var weights: String?

  @Option(parsing: .upToNextOption, help: "Files to write: .safetensors, .pth or .onnx.")
  var output: [String]

  @Option(help: "Storage of numbers in .safetensors: f32, f16 or bf16.")
  var dtype = "f32"

  @Option(help: "SPDX identifier of the weights' licence, for .safetensors.")
  var license: String?

  @Option(help: "ONNX opset, 13 to 21.")
  var opset = 13

  @Flag(help: "ONNX: leave the batch size open.")
  var dynamicBatch = false

  @Flag(help: "ONNX: output boxes in pixels.")
  var decode = false

  func validate() throws {
    guard (folder == nil) != (weights == nil) else {
      throw ValidationError("either --run or --weights is required")
    }
    guard folder != nil || !last else { throw ValidationError("--last requires --run") }
    let formats = output.compactMap { WeightsFile.Format(path: $0) }
    guard !output.isEmpty, formats.count == output.count else {
      throw ValidationError("--output must end in .safetensors, .pth or .onnx")
    }
    guard ElementType.writable[dtype] != nil else {
      throw ValidationError("--dtype must be f32, f16 or bf16")
    }
    guard ONNXWriter.opsets.contains(opset) else { throw ValidationError("--opset must be 13 to 21") }
    if !formats.contains(.safetensors), dtype != "f32" || license != nil {
      throw ValidationError("--dtype and --license are for .safetensors")
    }
    if !formats.contains(.onnx), opset != 13 || dynamicBatch || decode {
      throw ValidationError("--opset, --dynamic-batch and --decode are for .onnx")
    }
  }

  func run() throws {
    let exported: (weights: PretrainedWeights, epoch: Int)
    if let folder, !last {
      let path = folder + "/best.safetensors"
      let epoch = (try? RunCheckpoint.latest(in: folder).state.bestEpoch) ?? 0
      exported = (try PretrainedWeights.read(path), epoch)
    } else if let folder {
      let (state, tensors) = try RunCheckpoint.latest(in: folder)
      exported = (try state.weights(tensors, "ema", path: folder), state.epochsDone)
    } else {
      exported = (try PretrainedWeights.read(weights ?? ""), 0)
    }
    for path in output {
      try WeightsFile.write(
        exported.weights, epoch: exported.epoch, as: ElementType.writable[dtype] ?? .float32,
        license: license,
        onnx: ONNXExportOptions(
          inputSize: exported.weights.inputSize, opset: opset, dynamicBatch: dynamicBatch, decode: decode),
        to: path)
      print(path)
    }
  }
}
