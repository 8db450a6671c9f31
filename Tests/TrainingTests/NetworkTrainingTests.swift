import Checkpoints
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import Training
import YOLOX

/// Every network of the paper once forward and back on a small input.
@Suite("Networks in training", .computing, .serialized)
struct NetworkTrainingTests {
  /// An object for each level, so that every part of the head has something to learn.
  private static let targets = [
    Target(classIndex: 0, box: CenteredBox(x: 20, y: 20, width: 20, height: 30)),
    Target(classIndex: 1, box: CenteredBox(x: 44, y: 20, width: 200, height: 180)),
    Target(classIndex: 2, box: CenteredBox(x: 30, y: 40, width: 400, height: 300)),
  ]

  private func step(
    _ architecture: Architecture, _ method: AssignmentMethod, classCount: Int = 3
  ) -> (executor: TrainingExecutor, losses: Losses) {
    let team = ThreadTeam(threads: 2)
    let executor = TrainingExecutor(
      Graph.yolox(architecture, classCount: classCount), team: team, detached: "head.selection_")
    executor.initialize(seed: 1)
    var random = SplitMix64(seed: 2)
    executor.forward(Tensor(shape: [2, 3, 64, 64], values: random.floats(2 * 3 * 64 * 64, in: 0...255)))
    var loss = DetectionLoss(assign: method.assigner(centerRadius: 2.5))
    loss.strides = architecture.outputStrides
    loss.usesL1 = true
    let losses = loss(executor, targets: [Self.targets, Self.targets.reversed()], team: team).losses
    executor.backward()
    return (executor, losses)
  }

  private func expectAllLearn(_ executor: TrainingExecutor, except: (String) -> Bool = { _ in false }) {
    for entry in executor.layout.entries where entry.range.upperBound <= executor.layout.trainableCount {
      let gradient = executor.gradients.values(entry.range)
      let isFinite = gradient.allSatisfy { $0.isFinite }
      #expect(isFinite, "\(entry.name)")
      #expect(except(entry.name) || gradient.contains { $0 != 0 }, "\(entry.name) has no gradient")
    }
  }

  @Test(
    "every weight of every variant gets a gradient, and the loss is finite", arguments: Variant.allCases)
  func variants(variant: Variant) {
    let (executor, losses) = step(variant.architecture, .center)
    #expect(losses.total.isFinite && losses.total > 0)
    for (level, stride) in Stride.levels.enumerated() {
      #expect(executor.output("box\(level)").shape == [2, 4, 64 / stride, 64 / stride])
      #expect(executor.output("class\(level)").shape == [2, 3, 64 / stride, 64 / stride])
    }
    expectAllLearn(executor)
  }

  @Test(
    "the other heads and assignments learn as well",
    arguments: [
      (Architecture.Head.decoupled, AssignmentMethod.simota), (.decoupled, .ota), (.decoupled, .multi),
      (.nmsFree, .center), (.coupled, .center), (.anchored, .anchors), (.anchoredDecoupled, .anchors),
    ])
  func heads(head: Architecture.Head, method: AssignmentMethod) {
    let architecture = Architecture(backbone: Variant.nano.architecture.backbone, head: head)
    let (executor, losses) = step(architecture, method)
    #expect(losses.total.isFinite && losses.total > 0)
    #expect((losses.selection > 0) == (head == .nmsFree))
    // Levels and shapes without positives get objectness gradients only.
    expectAllLearn(executor) { ["reg_", "cls_"].contains(where: $0.contains) && method != .center }
  }

  @Test("the one-to-one branch does not change the gradients before it")
  func stopGradient() throws {
    let backbone = Variant.nano.architecture.backbone
    let (with, _) = step(Architecture(backbone: backbone, head: .nmsFree), .center)
    let (without, _) = step(Architecture(backbone: backbone), .center)
    // The weights are drawn one after another, so the two networks begin differently; take those of one.
    without.parameters.set(Array(repeating: 0, count: without.layout.count))
    without.layout.load(with.layout.parameters(with.parameters), into: without.parameters)
    without.gradients.clear()
    with.gradients.clear()
    let team = ThreadTeam(threads: 1)
    let images = Tensor(shape: [1, 3, 64, 64], values: SplitMix64.seeded(3, count: 3 * 64 * 64))
    for executor in [with, without] {
      executor.forward(images)
      _ = DetectionLoss(assign: AssignmentMethod.center.assigner(centerRadius: 2.5))(
        executor, targets: [Self.targets], team: team)
      executor.backward()
    }
    for entry in without.layout.entries where entry.range.upperBound <= without.layout.trainableCount {
      let other = try #require(with.layout[entry.name])
      #expect(with.gradients.values(other.range) == without.gradients.values(entry.range), "\(entry.name)")
    }
  }

  @Test(
    "the other heads are served: recognised by their weights, run by the engine",
    arguments: Architecture.Head.allCases)
  func served(head: Architecture.Head) throws {
    let architecture = Architecture(backbone: Variant.nano.architecture.backbone, head: head)
    let graph = Graph.yolox(architecture, classCount: 3)
    let size = InputSize(height: 64, width: 64)
    let weights = try PretrainedWeights(
      Checkpoint(
        format: .safetensors,
        metadata: ModelMetadata.values(
          architecture: architecture, labels: ["a", "b", "c"], inputSize: size, preprocessing: .standard),
        tensors: graph.randomParameters()))
    #expect(weights.architecture == architecture)
    let model = try Model(weights)
    let executor = Executor(model.plan, capacity: 1, pool: WorkerPool(threads: 1))
    let image = Tensor(shape: [3, 64, 64], values: SplitMix64.seeded(5, count: 3 * 64 * 64, in: 0...255))
    var running = executor
    running.run([image])
    let expected = graph.referenceForward(
      Tensor(shape: [1, 3, 64, 64], values: image.values), parameters: weights.parameters)
    for (index, output) in graph.outputs.enumerated() {
      // Made-up weights give numbers in the hundreds.
      let scale = expected[index].values.reduce(1) { max($0, abs($1)) }
      expectClose(
        running.dense(output.name), expected[index].values, within: 2e-5 * scale, "\(head) \(output.name)")
    }
    var predictor = Predictor(model, pool: WorkerPool(threads: 1))
    let found = predictor.detect(
      Image(width: 64, height: 64, gray: 90), options: DetectionOptions(scoreThreshold: 0.001))
    let scores = found.map(\.score)
    let sorted = scores.sorted { $0 > $1 }
    #expect(scores == sorted)
  }
}

extension SplitMix64 {
  fileprivate static func seeded(
    _ seed: UInt64, count: Int, in range: ClosedRange<Float> = -1...1
  ) -> [Float] {
    var random = SplitMix64(seed: seed)
    return random.floats(count, in: range)
  }
}
