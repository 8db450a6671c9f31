import ArgumentParser
import Engine
import Training
import YOLOX

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a run's weights for the server (.safetensors) or for the authors' PyTorch code (.pth).")

  @Option(
    name: .customLong("run"), help: "Folder of a run: its averaged weights as they were last saved are taken."
  )
  var folder: String?

  @Option(help: "Weights in any format that yolox reads, in place of a run.")
  var weights: String?

  @Option(help: "The file to write; its ending says the format.")
  var output: String

  func validate() throws {
    guard (folder == nil) != (weights == nil) else {
      throw ValidationError("--run or --weights says what to export")
    }
    guard WeightsFile.Format(path: output) != nil else {
      throw ValidationError("--output ends in .safetensors or .pth")
    }
  }

  func run() throws {
    let exported: (weights: PretrainedWeights, epoch: Int)
    if let folder {
      let (state, tensors) = try RunCheckpoint.latest(in: folder)
      exported = (try state.weights(tensors, "average", path: folder), state.epochsDone)
    } else {
      exported = (try PretrainedWeights(contentsOf: weights ?? ""), 0)
    }
    try WeightsFile.write(exported.weights, epoch: exported.epoch, to: output)
    print(output)
  }
}
