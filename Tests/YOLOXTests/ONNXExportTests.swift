import Checkpoints
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

@Suite("ONNX export")
struct ONNXExportTests {
  /// Made-up weights, normalisation and all.
  private func weights(_ architecture: Architecture) throws -> PretrainedWeights {
    let graph = Graph.yolox(architecture, classCount: 3)
    return try PretrainedWeights(
      Checkpoint(
        format: .safetensors,
        metadata: [
          "labels": "bolt\nnut\nwasher", "activation": architecture.activation.name, "input_size": "64x96",
          "preprocessing": "standard",
        ], tensors: graph.randomParameters()))
  }

  private static let small = Architecture(
    backbone: .cspDarknet(baseChannels: 8, baseDepth: 1, depthwise: true))

  @Test(
    "read again it is the same network, with every activation, opset and kind of output",
    arguments: Activation.named.map(\.activation), [13, 17, 21])
  func roundTrip(activation: Activation, opset: Int) throws {
    let weights = try weights(Self.small.with(activation: activation))
    var plain: PretrainedWeights?
    for (batch, decode) in [(false, false), (true, false), (false, true), (true, true)] {
      let options = ONNXExportOptions(
        inputSize: weights.inputSize, opset: opset, dynamicBatch: batch, decode: decode)
      let again = try PretrainedWeights(Checkpoint(try weights.onnxFile(options), path: "test.onnx"))
      #expect(again.architecture == weights.architecture)
      #expect(again.labels == weights.labels && again.inputSize == weights.inputSize)
      #expect(again.preprocessing == .standard)
      if let plain { #expect(again.parameters == plain.parameters) }
      plain = again
    }
  }

  @Test("every published network survives the way through ONNX", arguments: Variant.allCases)
  func variants(variant: Variant) throws {
    guard variant != .x, variant != .l, variant != .darknet53 else { return }
    let weights = try weights(variant.architecture)
    let options = ONNXExportOptions(inputSize: InputSize(height: 64, width: 64))
    let again = try PretrainedWeights(Checkpoint(try weights.onnxFile(options), path: "test.onnx"))
    #expect(again.architecture == variant.architecture && again.classCount == 3)
  }

  @Test("a file cut off anywhere is an error, never a crash")
  func damaged() throws {
    let weights = try weights(Self.small)
    let file = try weights.onnxFile(ONNXExportOptions(inputSize: weights.inputSize))
    var generator = SplitMix64(seed: 5)
    for _ in 0..<40 {
      _ = try? PretrainedWeights(
        Checkpoint(Array(file.prefix(Int.random(in: 0..<file.count, using: &generator))), path: "test.onnx"))
      var changed = file
      for _ in 0..<4 {
        changed[Int.random(in: 0..<file.count, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      _ = try? PretrainedWeights(Checkpoint(changed, path: "test.onnx"))
    }
  }
}
