import Checkpoints
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import Training
import YOLOX

@Suite("Weights written for others", .computing)
struct WeightsFileTests {
  private func weights() throws -> PretrainedWeights {
    let graph = Graph.yolox(Variant.nano.architecture, classCount: 3)
    return try PretrainedWeights(
      Checkpoint(
        format: .safetensors,
        metadata: ModelMetadata.values(
          architecture: Variant.nano.architecture, labels: ["a", "b", "c"],
          inputSize: InputSize(height: 96, width: 96), preprocessing: .standard),
        tensors: graph.randomParameters()))
  }

  @Test("written weights read back to the bit", arguments: ["pth", "safetensors"])
  func roundTrip(ending: String) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).\(ending)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let weights = try weights()
    try WeightsFile.write(weights, epoch: 7, to: path)
    let read = try PretrainedWeights(contentsOf: path)
    #expect(read.format == (ending == "pth" ? .torch : .safetensors))
    #expect(read.parameters == weights.parameters)
    if ending == "safetensors" { #expect(read.labels == ["a", "b", "c"]) }
  }

  @Test(
    "folded weights cannot become a state_dict of the authors' code, and a folder that is not there is named")
  func refusals() throws {
    let weights = try weights()
    #expect(throws: TrainingError.self) { try WeightsFile.write(weights, to: "/nowhere/at/all.pth") }
    #expect(throws: TrainingError.self) { try WeightsFile.write(weights, to: "/nowhere/at/all.safetensors") }
  }
}
