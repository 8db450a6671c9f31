import Engine
import TestSupport
import Testing
import Training
import YOLOX

/// A batch, and what the authors' code makes of it in float64: losses, assignment, gradients, three steps of SGD and EMA.
///
/// Tests/Fixtures/Demo/make.py describes the tensors.
struct TrainingReference {
  let weights: PretrainedWeights
  /// `[N, 3, H, W]`
  let images: Tensor
  let targets: [[Target]]
  let tensors: Parameters
  /// Tensors of more than 64 numbers are sketches.
  let isSketched: Bool
  /// Of gradients: least cosine with the reference's, and largest relative difference of the lengths.
  let tolerance: (cosine: Double, length: Double)

  /// - Parameter tensors: with `targets` `[N, M, 5]`: class, center and size in pixels; rows of zeros are padding.
  init(
    weights: PretrainedWeights, images: Tensor, tensors: Parameters, isSketched: Bool,
    tolerance: (cosine: Double, length: Double)
  ) throws {
    self.weights = weights
    self.images = images
    self.tensors = tensors
    self.isSketched = isSketched
    self.tolerance = tolerance
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
  }

  private func executor(_ team: ThreadTeam) -> TrainingExecutor {
    let executor = TrainingExecutor(
      Graph.yolox(weights.architecture, classCount: weights.classCount), team: team)
    #expect(executor.layout.load(weights.parameters, into: executor.parameters).isEmpty)
    return executor
  }

  func compareThreeSteps(usesL1: Bool) throws {
    let team = ThreadTeam(threads: 2)
    let executor = executor(team)
    let optimizer = SGD(executor.layout)
    let average = ModelEMA(executor.parameters)
    let start = executor.parameters.values
    var loss = DetectionLoss()
    loss.usesL1 = usesL1
    let expected = try #require(tensors[usesL1 ? "losses_use_l1" : "losses_no_l1"]).values

    for step in 0..<3 {
      executor.forward(images)
      let losses = loss(executor, targets: targets, team: team).losses
      let actual = [
        losses.total, losses.box, losses.l1, losses.objectness, losses.classes, losses.foregroundPerObject,
      ]
      for (index, value) in actual.enumerated() {
        let wanted = expected[step * 6 + index]
        #expect(abs(value - wanted) <= 1e-3 * abs(wanted), "step \(step), loss \(index): \(value), \(wanted)")
      }
      executor.backward()
      if usesL1, step == 0 { try compareGradients(executor) }
      optimizer.step(executor, learningRate: 1e-4)
      average.update(executor.parameters)
    }
    guard usesL1 else { return }
    compareMovement(executor.layout, from: start, to: executor.parameters.values, "delta3/")
    compareMovement(executor.layout, from: start, to: average.parameters.values, "ema_delta3/")
  }

  func compareAssignment() throws {
    let team = ThreadTeam(threads: 2)
    let executor = executor(team)
    executor.forward(images)
    let output = DetectionLoss()(executor, targets: targets, team: team)
    #expect(output.assignments.count == images.shape[0])
    for (image, assignment) in output.assignments.enumerated() {
      let anchors = try #require(tensors["assign\(image)/anchor_index"]).values.map { Int($0) }
      let objects = try #require(tensors["assign\(image)/matched_gt"]).values.map { Int($0) }
      #expect(assignment.matches.map(\.anchor) == anchors)
      #expect(assignment.matches.map(\.target) == objects)
      expectClose(
        assignment.matches.map(\.iou), try #require(tensors["assign\(image)/iou"]).values, within: 1e-3,
        "overlap")
    }
  }

  private func compareGradients(_ executor: TrainingExecutor) throws {
    var compared = 0
    for entry in executor.layout.entries where entry.range.upperBound <= executor.layout.trainableCount {
      guard let expected = tensors["grad/" + entry.name] else {
        Issue.record("no reference for \(entry.name)")
        continue
      }
      expectAligned(
        executor.gradients.values(entry.range), expected.values, within: tolerance, entry.name)
      compared += 1
    }
    #expect(compared == tensors.keys.filter { $0.hasPrefix("grad/") }.count)
  }

  private func compareMovement(
    _ layout: ParameterLayout, from start: [Float], to end: [Float], _ prefix: String
  ) {
    var compared = 0
    for entry in layout.entries {
      guard let expected = tensors[prefix + entry.name] else { continue }
      let moved = zip(end[entry.range], start[entry.range]).map { $0 - $1 }
      // Weights of size one that moved by 1e-6 moved by a few of float32's steps.
      let resolution = (start[entry.range].map { abs($0) }.max() ?? 0) * Float.ulpOfOne * 3
      expectAligned(
        moved, expected.values, within: (cosine: 0.995, length: 0.03), resolution: resolution,
        prefix + entry.name)
      compared += 1
    }
    #expect(compared == tensors.keys.filter { $0.hasPrefix(prefix) && !$0.contains("num_batches") }.count)
  }

  /// Same direction and same length, within `tolerance`; or nearer than what float32 can resolve.
  private func expectAligned(
    _ values: [Float], _ expected: [Float], within tolerance: (cosine: Double, length: Double),
    resolution: Float = 0, _ what: String
  ) {
    let actual = isSketched ? TrainingReference.sketch(values) : values.map { Double($0) }
    guard actual.count == expected.count else {
      Issue.record("\(what): \(actual.count) numbers instead of \(expected.count)")
      return
    }
    let wanted = expected.map { Double($0) }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let difference = zip(actual, wanted).map { $0 - $1 }
    let floor = Double(resolution) * Double(values.count).squareRoot()
    if dot(difference, difference).squareRoot() <= floor { return }
    let (a, b) = (dot(actual, actual).squareRoot(), dot(wanted, wanted).squareRoot())
    let cosine = dot(actual, wanted) / (a * b)
    #expect(
      cosine >= tolerance.cosine && abs(a / b - 1) <= tolerance.length,
      "\(what): cosine \(cosine), norm \(a) for \(b)")
  }

  /// A count sketch of more than 64 numbers: each is added, its sign changed or not, to one of 64 buckets (make.py).
  private static func sketch(_ values: [Float]) -> [Double] {
    let bucketCount = 64
    guard values.count > bucketCount else { return values.map { Double($0) } }
    var generator = SplitMix64(seed: 0)
    var buckets = [Double](repeating: 0, count: bucketCount)
    for value in values {
      let bits = generator.next()
      buckets[Int(bits % UInt64(bucketCount))] += bits >> 63 == 0 ? Double(value) : -Double(value)
    }
    return buckets
  }
}
