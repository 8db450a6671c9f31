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

@Suite("Weights that are finite but extreme")
struct ExtremeWeightsTests {
  private static let architecture = Architecture(
    backbone: .cspDarknet(baseChannels: 4, baseDepth: 1, depthwise: true))

  /// Small random weights, with `value` in every place of the tensors with these suffixes.
  private func weights(_ value: Float, in suffix: String) throws -> PretrainedWeights {
    var generator = SplitMix64(seed: 3)
    var tensors: Parameters = [:]
    for (name, shape) in Graph.yolox(ExtremeWeightsTests.architecture, classCount: 2).parameterShapes {
      var tensor = Tensor(shape: shape, repeating: name.hasSuffix(".running_var") ? 1 : 0)
      for index in tensor.values.indices where !name.hasSuffix(".running_var") {
        tensor.values[index] = .random(in: -0.5...0.5, using: &generator)
      }
      tensors[name] = name.hasSuffix(suffix) ? Tensor(shape: shape, repeating: value) : tensor
    }
    return try PretrainedWeights(Checkpoint(format: .torch, tensors: tensors))
  }

  @Test(
    "are quantised and run, or rejected, but never trap",
    arguments: [
      "stem.conv.bn.bias", "stem.conv.conv.weight", "dark3.1.conv1.bn.bias", "head.reg_preds.0.bias",
      "head.obj_preds.1.bias", "head.cls_preds.2.bias", ".bn.weight", ".running_mean", ".running_var",
    ], [Float.greatestFiniteMagnitude, -1e38, 1e20])
  func quantized(suffix: String, value: Float) throws {
    guard value > 0 || suffix != ".running_var" else { return }
    let weights = try weights(value, in: suffix)
    let size = InputSize(height: 64, width: 64)
    let pool = WorkerPool(threads: 1)
    let image = Image(
      width: 64, height: 64, pixels: (0..<3 * 64 * 64).map { UInt8(truncatingIfNeeded: $0 * 7) })
    let model = try Model(weights, inputSize: size)
    _ = model.selfCheck(pool: pool)
    var predictor = Predictor(model, pool: pool)
    for detection in predictor.detect(image, options: DetectionOptions(scoreThreshold: 0.01)) {
      #expect(detection.score.isFinite)
    }
    do {
      let ranges = try weights.calibrated(pool: pool, imageCount: 1, inputSize: size) { _, _ in
        model.prepare(image).pixels
      }
      let bytes = try Model(weights, inputSize: size, options: PlanOptions(precision: .int8, ranges: ranges))
      var quantized = Predictor(bytes, pool: pool)
      _ = quantized.detect(image, options: DetectionOptions(scoreThreshold: 0.01))
    } catch let error as ModelError {
      #expect(error.description.contains("cannot be quantized"))
    }
  }

  @Test("normalisation by another epsilon gives the same function")
  func epsilon() throws {
    let graph = Graph.yolox(ExtremeWeightsTests.architecture, classCount: 2)
    var tensors = Dictionary(
      uniqueKeysWithValues: graph.parameterShapes.map { ($0.name, Tensor(shape: $0.shape)) })
    let (scale, variance) = ("head.stems.0.bn.weight", "head.stems.0.bn.running_var")
    let count = try #require(tensors[variance]?.count)
    tensors[variance] = Tensor(shape: [count], repeating: 0.002)
    tensors[scale] = Tensor(shape: [count], repeating: 3)
    let read = try PretrainedWeights(
      Checkpoint(format: .torch, tensors: tensors), batchNormalizationEpsilon: 1e-5)
    let found = try #require(read.parameters[scale]?.values.first)
    // gamma / sqrt(variance + epsilon), by hand: 3 / sqrt(0.00201) = 66.915
    #expect(abs(found / Float(0.003).squareRoot() - 66.915) < 1e-2)
    #expect(read.parameters[variance]?.values.first == 0.002)
  }
}
