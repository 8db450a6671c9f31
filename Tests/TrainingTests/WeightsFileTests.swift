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

  @Test("an ONNX file has the network, its labels and input size, and gives the same outputs")
  func onnx() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).onnx").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let weights = try weights()
    try WeightsFile.write(weights, to: path)
    let read = try PretrainedWeights(contentsOf: path)
    #expect(read.format == .onnx && read.labels == ["a", "b", "c"])
    #expect(read.inputSize == InputSize(height: 96, width: 96) && read.architecture == weights.architecture)
    let pool = WorkerPool(threads: 1)
    let image = Image(width: 96, height: 96, gray: 120)
    let options = DetectionOptions(scoreThreshold: 0, maxDetections: 20)
    var own = Predictor(try Model(weights), pool: pool)
    var other = Predictor(try Model(read), pool: pool)
    let (expected, found) = (own.detect(image, options: options), other.detect(image, options: options))
    #expect(expected.count == found.count)
    for (a, b) in zip(expected, found) { #expect(a.classID == b.classID && abs(a.score - b.score) < 1e-4) }
  }

  @Test(
    "a folder that is not there is named")
  func refusals() throws {
    let weights = try weights()
    for ending in ["pth", "safetensors", "onnx"] {
      let path = "/nowhere/at/all.\(ending)"
      #expect {
        try WeightsFile.write(weights, to: path)
      } throws: {
        "\($0)".contains("/nowhere/at/all")
      }
    }
  }
}
