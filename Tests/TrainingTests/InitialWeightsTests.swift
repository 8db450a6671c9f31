import Checkpoints
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import Training
import YOLOX

@Suite("Initial weights", .computing)
struct InitialWeightsTests {
  private func weights(_ variant: Variant = .nano, _ labels: [String]) throws -> PretrainedWeights {
    let graph = Graph.yolox(variant.architecture, classCount: labels.count)
    return try PretrainedWeights(
      Checkpoint(
        format: .safetensors,
        metadata: ModelMetadata.values(
          architecture: variant.architecture, labels: labels, inputSize: InputSize(height: 64, width: 64),
          preprocessing: .standard), tensors: graph.randomParameters()))
  }

  private func executor(_ labels: [String], _ architecture: Architecture = Variant.nano.architecture)
    -> TrainingExecutor
  {
    let executor = TrainingExecutor(
      Graph.yolox(architecture, classCount: labels.count), team: ThreadTeam(threads: 1))
    executor.initialize(seed: 1)
    return executor
  }

  private func load(_ weights: PretrainedWeights, into executor: TrainingExecutor, _ labels: [String]) throws
    -> (knowsAllClasses: Bool, lines: [String])
  {
    try InitialWeights(weights: weights, labels: labels).load(
      into: executor, architecture: weights.architecture, batches: { [] })
  }

  @Test(
    "rows of classes that both know stay, wherever they are; only the others start anew, said in one line")
  func rows() throws {
    let source = try weights(.nano, ["person", "bicycle", "car"])
    let labels = ["own", "car", "person"]
    let executor = executor(labels)
    let random = executor.layout.parameters(executor.parameters)
    let (knowsAll, lines) = try load(source, into: executor, labels)
    #expect(
      !knowsAll && lines == ["classes that keep their weights: car, person; classes that start anew: own"])
    let loaded = executor.layout.parameters(executor.parameters)
    for name in ["head.cls_preds.0.weight", "head.cls_preds.2.bias"] {
      let (given, start, now) = (
        try #require(source.parameters[name]), try #require(random[name]), try #require(loaded[name])
      )
      let length = now.count / 3
      func row(_ tensor: Tensor, _ index: Int) -> ArraySlice<Float> {
        tensor.values[index * length..<(index + 1) * length]
      }
      #expect(Array(row(now, 0)) == Array(row(start, 0)))
      #expect(Array(row(now, 1)) == Array(row(given, 2)))
      #expect(Array(row(now, 2)) == Array(row(given, 0)))
    }
    let backbone = "backbone.backbone.stem.conv.conv.weight"
    #expect(loaded[backbone] == source.parameters[backbone])
  }

  @Test("the same classes in another order are all kept, and nothing is said")
  func permutation() throws {
    let executor = executor(["b", "a"])
    let (knowsAll, lines) = try load(try weights(.nano, ["a", "b"]), into: executor, ["b", "a"])
    #expect(knowsAll && lines.isEmpty)
  }

  @Test("weights of another network are rejected in one line, where training started from noise")
  func otherNetwork() throws {
    let source = try weights(.nano, ["a"])
    #expect {
      _ = try InitialWeights(weights: source, labels: ["a"]).load(
        into: executor(["a"], Variant.tiny.architecture), architecture: Variant.tiny.architecture,
        batches: { [] })
    } throws: {
      "\($0)".contains("yolox-nano cannot start yolox-tiny") && "\($0)".count < 120
    }
    let coupled = Architecture(backbone: Variant.nano.architecture.backbone, head: .coupled)
    #expect {
      _ = try InitialWeights(weights: source, labels: ["a"]).load(
        into: executor(["a"], coupled), architecture: coupled, batches: { [] })
    } throws: {
      "\($0)".contains("lacks") && "\($0)".count < 200
    }
    let nmsFree = Architecture(backbone: Variant.nano.architecture.backbone, head: .nmsFree)
    let (_, lines) = try InitialWeights(weights: source, labels: ["a"]).load(
      into: executor(["a"], nmsFree), architecture: nmsFree, batches: { [] })
    #expect(lines.count == 1)
  }

  @Test(
    "folded weights of an ONNX file get statistics with which inference computes what the file computes",
    .sharedData("weights/yolox_nano.onnx", "images/dog.jpg"))
  func unfolding() throws {
    let folded = try PretrainedWeights(contentsOf: SharedData.url("weights/yolox_nano.onnx").path)
    let executor = executor(folded.labels)
    var random = SplitMix64(seed: 5)
    let images = Tensor(shape: [2, 3, 64, 64], values: random.floats(2 * 3 * 64 * 64, in: 0...255))
    let (knowsAll, lines) = try InitialWeights(weights: folded, labels: folded.labels).load(
      into: executor, architecture: folded.architecture, batches: { [images] })
    #expect(knowsAll && lines.count == 1 && lines[0].contains("folded"))

    // What a convolution puts out over the images is what the normalisation after it expects.
    let parameters = executor.layout.parameters(executor.parameters)
    let stem = "backbone.backbone.stem.conv.bn."
    let (gamma, variance) = (
      try #require(parameters[stem + "weight"]).values, try #require(parameters[stem + "running_var"]).values
    )
    #expect(gamma.max() ?? 0 > 1 && Set(gamma).count > 4)
    for (scale, value) in zip(gamma, variance) {
      #expect(abs(scale - (value + batchNormalizationEpsilon).squareRoot()) < 1e-4 * scale)
    }

    let unfolded = try PretrainedWeights(
      Checkpoint(
        format: .safetensors,
        metadata: ModelMetadata.values(
          architecture: folded.architecture, labels: folded.labels, inputSize: folded.inputSize,
          preprocessing: folded.preprocessing), tensors: parameters))
    let image = try Image(
      decoding: try SharedData.bytes("coco/val2017/" + (try firstImage())))
    let pool = WorkerPool(threads: 1)
    var before = Predictor(try Model(folded), pool: pool)
    var after = Predictor(try Model(unfolded), pool: pool)
    let (first, second) = (before.detect(image), after.detect(image))
    #expect(!first.isEmpty && first.count == second.count)
    for (a, b) in zip(first, second) {
      #expect(a.classID == b.classID && abs(a.score - b.score) < 1e-3 && abs(a.box.x1 - b.box.x1) < 0.1)
    }

    // Batch statistics of the same images: training computes the same, too.
    executor.forward(images, usesRunningStatistics: true)
    let inference = executor.output(HeadOutput.classes.name(level: 0)).values
    executor.forward(images)
    let training = executor.output(HeadOutput.classes.name(level: 0)).values
    let worst = zip(inference, training).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 0.05, "\(worst)")
  }

  private func firstImage() throws -> String {
    try #require(
      try FileManager.default.contentsOfDirectory(atPath: SharedData.url("coco/val2017").path).sorted()
        .first { $0.hasSuffix(".jpg") })
  }

  @Test("legacy preprocessing of the weights is that of the batches: RGB, ImageNet's mean and deviation")
  func legacy() throws {
    var image = Image(width: 32, height: 32, gray: 114)
    image[0, 0] = (255, 128, 0)
    let sample = Sample(image: image, objects: [])
    let letterbox = Letterbox(imageWidth: 32, imageHeight: 32, inputWidth: 32, inputHeight: 32)
    for preprocessing in Preprocessing.allCases {
      var planes = [Float](repeating: 0, count: 3 * 32 * 32)
      _ = sample.write(into: &planes, at: 0, side: 32, preprocessing: preprocessing)
      var expected = [Float](repeating: 0, count: planes.count)
      var span = expected.mutableSpan
      letterbox.apply(to: image, preprocessing: preprocessing, into: &span)
      #expect(zip(planes, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    }
  }

  @Test("a frozen backbone keeps every bit of its weights, statistics and averages")
  func frozenBackbone() throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    var options = TrainingOptions(variant: .nano, epochs: 1, batchSize: 4, threads: 1)
    options.inputSize = 32
    options.warmupEpochs = 0
    options.freezesBackbone = true
    let trainer = try Trainer(
      options: options, training: DetectionDataset(annotations: annotations, images: folder.path),
      validation: nil, weights: try weights(.nano, ["square"]), folder: folder.appending(path: "run").path,
      report: { _ in })
    let start = trainer.executor.layout.parameters(trainer.executor.parameters)
    try trainer.run()
    let end = trainer.executor.layout.parameters(trainer.executor.parameters)
    let average = trainer.executor.layout.parameters(trainer.ema.parameters)
    for (name, tensor) in start where name.hasPrefix("backbone.") {
      #expect(end[name] == tensor && average[name] == tensor, "\(name)")
    }
    for name in ["head.stems.0.conv.weight", "head.stems.0.bn.running_mean", "head.cls_preds.0.weight"] {
      #expect(end[name] != start[name] && average[name] != start[name], "\(name)")
    }
  }
}
