import ArgumentParser
import Checkpoints
import Engine
import Training
import YOLOX

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Export weights for the server (.safetensors) or for the authors' PyTorch code (.pth).")

  @Option(
    name: .customLong("run"), help: "Folder of a run, whose best weights are exported.")
  var folder: String?

  @Flag(help: "Export the last averaged weights of the run instead of the best.")
  var last = false

  @Option(help: "Weights to export instead of a run, in any format that yolox reads.")
  var weights: String?

  @Option(help: "File to write: .safetensors or .pth.")
  var output: String

  @Option(help: "Storage of numbers in .safetensors: f32, f16 or bf16.")
  var dtype = "f32"

  @Option(help: "SPDX identifier of the weights' licence, for .safetensors.")
  var license: String?

  func validate() throws {
    guard (folder == nil) != (weights == nil) else {
      throw ValidationError("either --run or --weights is required")
    }
    guard folder != nil || !last else { throw ValidationError("--last requires --run") }
    guard WeightsFile.Format(path: output) != nil else {
      throw ValidationError("--output must end in .safetensors or .pth")
    }
    guard ElementType.writable[dtype] != nil else {
      throw ValidationError("--dtype must be f32, f16 or bf16")
    }
    if WeightsFile.Format(path: output) == .pth, dtype != "f32" || license != nil {
      throw ValidationError("--dtype and --license are for .safetensors")
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
    try WeightsFile.write(
      exported.weights, epoch: exported.epoch, as: ElementType.writable[dtype] ?? .float32,
      license: license, to: output)
    print(output)
  }
}
