import Checkpoints
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

@Suite("PretrainedWeights")
struct PretrainedWeightsTests {
  /// Zeros for every tensor of a network, as a checkpoint of each kind.
  private func checkpoint(_ graph: Graph, metadata: [String: String] = [:]) -> Checkpoint {
    let tensors = graph.parameterShapes.map { ($0.name, Tensor(shape: $0.shape)) }
    return Checkpoint(
      format: .safetensors, metadata: metadata, tensors: Dictionary(uniqueKeysWithValues: tensors))
  }

  @Test(
    "recognises variant and class count from names, and from the order of an ONNX export",
    arguments: Variant.allCases)
  func inference(variant: Variant) throws {
    for classCount in [1, 3, 80] {
      let graph = Graph.yolox(variant.architecture, classCount: classCount)
      for checkpoint in [checkpoint(graph)] {
        let weights = try PretrainedWeights(checkpoint)
        #expect(weights.architecture == variant.architecture && weights.classCount == classCount)
        #expect(weights.inputSize == variant.inputSize && weights.labels.count == classCount)
      }
    }
  }

  @Test(
    "reads labels, input size and preprocessing from safetensors metadata, and the size from an ONNX export")
  func metadata() throws {
    let graph = Graph.yolox(Variant.nano.architecture, classCount: 2)
    let weights = try PretrainedWeights(
      checkpoint(graph, metadata: ["labels": "cat\ndog", "input_size": "320x640", "preprocessing": "legacy"]))
    #expect(weights.labels == ["cat", "dog"] && weights.preprocessing == .legacy)
    #expect(weights.inputSize == InputSize(height: 320, width: 640))
  }

  @Test("names missing and misshapen tensors")
  func mismatch() throws {
    let graph = Graph.yolox(Variant.nano.architecture, classCount: 2)
    var tensors = checkpoint(graph).tensors
    tensors["head.stems.0.conv.weight"] = nil
    tensors["head.stems.1.bn.bias"] = Tensor(shape: [3])
    let error = #expect(throws: ModelError.self) {
      try PretrainedWeights(Checkpoint(format: .torch, tensors: tensors))
    }
    #expect(
      error
        == .mismatch(
          model: "yolox-nano", missing: ["head.stems.0.conv.weight"],
          wronglyShaped: ["head.stems.1.bn.bias is [3] instead of [64]"]))
  }

  @Test("other networks and wrong label counts are errors of one line")
  func foreign() {
    let other = Checkpoint(format: .torch, tensors: ["conv1.weight": Tensor(shape: [64, 3, 7, 7])])
    #expect(throws: ModelError.notYOLOX(tensors: 1, example: "conv1.weight")) { try PretrainedWeights(other) }
    let graph = Graph.yolox(Variant.nano.architecture, classCount: 2)
    #expect(throws: ModelError.labelCount(labels: 1, classes: 2)) {
      try PretrainedWeights(checkpoint(graph, metadata: ["labels": "cat"]))
    }
  }

  @Test(
    "real weights survive a safetensors file, and give the same boxes",
    .sharedData("weights/yolox_nano.pth"))
  func conversion() throws {
    let weights = try PretrainedWeights(contentsOf: SharedData.url("weights/yolox_nano.pth").path)
    let path = FileManager.default.temporaryDirectory.appending(
      path: "yolox-\(UUID().uuidString).safetensors"
    ).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Safetensors.write(
      weights.parameters,
      metadata: ModelMetadata.values(
        architecture: weights.architecture, labels: weights.labels, inputSize: weights.inputSize,
        preprocessing: weights.preprocessing), to: path)
    let again = try PretrainedWeights(contentsOf: path)
    #expect(again.parameters == weights.parameters && again.labels == weights.labels)
    #expect(again.architecture == weights.architecture && again.inputSize == weights.inputSize)
  }
}

@Suite("InputSize")
struct InputSizeTests {
  @Test("reads one side or two, height first, and rejects invalid sizes")
  func text() {
    #expect(InputSize("640") == InputSize(height: 640, width: 640))
    #expect(InputSize("384x640") == InputSize(height: 384, width: 640))
    for text in ["", "0", "-32", "100", "640x", "x640", "640x641", "32x32x32", "8192", "abc"] {
      #expect(InputSize(text) == nil, "\(text)")
    }
  }
}
