import Checkpoints
import Engine
import Foundation
import TestSupport
import Testing
import Training
import YOLOX

/// Three steps of yolox_nano on four images against the authors' code in float64.
@Suite(
  "Against the authors' training", .computing,
  .sharedData("weights/yolox_nano.pth", "golden/training_nano.safetensors"))
struct GoldenTrainingTests {
  struct Golden {
    let tensors: Parameters
    let images: Tensor
    let targets: [[Target]]
    let weights: PretrainedWeights

    init() throws {
      tensors = try Checkpoint.open(SharedData.url("golden/training_nano.safetensors").path).tensors
      images = try #require(tensors["images"])
      let rows = try #require(tensors["targets"])
      targets = (0..<rows.shape[0]).map { image in
        (0..<rows.shape[1]).compactMap { row in
          let start = (image * rows.shape[1] + row) * 5
          let numbers = Array(rows.values[start..<start + 5])
          guard numbers.contains(where: { $0 != 0 }) else { return nil }
          return Target(
            classIndex: Int(numbers[0]),
            box: CenteredBox(x: numbers[1], y: numbers[2], width: numbers[3], height: numbers[4]))
        }
      }
      weights = try PretrainedWeights(contentsOf: SharedData.url("weights/yolox_nano.pth").path)
    }

    func pass(team: ThreadTeam) -> TrainingExecutor {
      let executor = TrainingExecutor(
        Graph.yolox(weights.architecture, classCount: weights.classCount), team: team)
      let missing = executor.layout.load(weights.parameters, into: executor.parameters)
      #expect(missing.isEmpty)
      return executor
    }
  }

  @Test("losses of three steps, movement of weights and averages", arguments: [true, false])
  func threeSteps(usesL1: Bool) throws {
    let golden = try Golden()
    let team = ThreadTeam(threads: 2)
    let executor = golden.pass(team: team)
    let optimizer = SGD(executor.layout)
    let average = ModelEMA(executor.parameters)
    let start = executor.parameters.values
    var loss = DetectionLoss()
    loss.usesL1 = usesL1
    let expected = try #require(golden.tensors[usesL1 ? "losses_use_l1" : "losses_no_l1"]).values

    for step in 0..<3 {
      executor.forward(golden.images)
      let losses = loss(executor, targets: golden.targets, team: team).losses
      let actual = [
        losses.total, losses.box, losses.l1, losses.objectness, losses.classes, losses.foregroundPerObject,
      ]
      for (index, value) in actual.enumerated() {
        let wanted = expected[step * 6 + index]
        #expect(abs(value - wanted) <= 1e-3 * abs(wanted), "step \(step), loss \(index): \(value), \(wanted)")
      }
      executor.backward()
      if usesL1, step == 0 { try compareGradients(executor, golden) }
      optimizer.step(executor, learningRate: 1e-4)
      average.update(executor.parameters)
    }
    guard usesL1 else { return }
    try compareMovement(executor.layout, from: start, to: executor.parameters.values, "delta3/", golden)
    try compareMovement(executor.layout, from: start, to: average.parameters.values, "ema_delta3/", golden)
  }

  @Test("SimOTA gives the same anchors to the same objects")
  func assignment() throws {
    let golden = try Golden()
    let team = ThreadTeam(threads: 2)
    let executor = golden.pass(team: team)
    executor.forward(golden.images)
    let output = DetectionLoss()(executor, targets: golden.targets, team: team)
    for (image, assignment) in output.assignments.enumerated() {
      let anchors = try #require(golden.tensors["assign\(image)/anchor_index"]).values.map { Int($0) }
      let objects = try #require(golden.tensors["assign\(image)/matched_gt"]).values.map { Int($0) }
      #expect(assignment.matches.map(\.anchor) == anchors)
      #expect(assignment.matches.map(\.target) == objects)
      expectClose(
        assignment.matches.map(\.iou), try #require(golden.tensors["assign\(image)/iou"]).values,
        within: 1e-3, "overlap")
    }
  }

  private func compareGradients(_ executor: TrainingExecutor, _ golden: Golden) throws {
    var compared = 0
    for entry in executor.layout.entries where entry.range.upperBound <= executor.layout.trainableCount {
      guard let expected = golden.tensors["grad/" + entry.name] else {
        Issue.record("no reference for \(entry.name)")
        continue
      }
      expectAligned(executor.gradients.values(entry.range), expected.values, entry.name)
      compared += 1
    }
    #expect(compared == golden.tensors.keys.filter { $0.hasPrefix("grad/") }.count)
  }

  private func compareMovement(
    _ layout: ParameterLayout, from start: [Float], to end: [Float], _ prefix: String, _ golden: Golden
  ) throws {
    var compared = 0
    for entry in layout.entries {
      guard let expected = golden.tensors[prefix + entry.name] else { continue }
      let moved = zip(end[entry.range], start[entry.range]).map { $0 - $1 }
      // Weights of size one that moved by 1e-6 moved by a few of float32's steps.
      let resolution = (start[entry.range].map { abs($0) }.max() ?? 0) * Float.ulpOfOne * 3
      expectAligned(moved, expected.values, prefix + entry.name, resolution: resolution)
      compared += 1
    }
    #expect(
      compared == golden.tensors.keys.filter { $0.hasPrefix(prefix) && !$0.contains("num_batches") }.count)
  }

  /// Same direction (cosine at least 0.995) and same length (within 3 %).
  private func expectAligned(_ actual: [Float], _ expected: [Float], _ what: String, resolution: Float = 0) {
    func dot(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let (a, b) = (dot(actual, actual).squareRoot(), dot(expected, expected).squareRoot())
    let floor = Double(resolution) * Double(actual.count).squareRoot()
    if b <= floor {
      #expect(a <= 3 * floor, "\(what): moved \(a), reference \(b)")
      return
    }
    let cosine = dot(actual, expected) / (a * b)
    #expect(cosine >= 0.995 && abs(a / b - 1) <= 0.03, "\(what): cosine \(cosine), norm \(a) for \(b)")
  }
}
