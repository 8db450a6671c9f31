import ArgumentParser
import Checkpoints
import Engine
import Foundation
import Training
import YOLOX

/// Writes losses and gradients of one batch for `Benchmarks/training/gradients.py`.
struct GradientsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradients", abstract: "Write losses and gradients of one batch.", shouldDisplay: false)

  @Option(help: "Weights of the network.")
  var weights: String

  @Option(help: "Safetensors: images [N, 3, H, W], targets [N, objects, 5] (class, centre, size).")
  var batch: String

  @Option(help: "Safetensors to write: a tensor per parameter, and `losses`.")
  var output: String

  @Option(help: "Number of threads.")
  var threads = 2

  func run() throws {
    let weights = try PretrainedWeights.read(self.weights)
    let tensors = try Checkpoint.open(batch).tensors
    guard let images = tensors["images"], images.shape.count == 4, let rows = tensors["targets"],
      rows.shape.count == 3, rows.shape[0] == images.shape[0], rows.shape[2] == 5
    else {
      throw TrainingError.unusableData(
        path: batch, reason: "requires images [N, 3, H, W] and targets [N, objects, 5]")
    }
    let targets = (0..<rows.shape[0]).map { image in
      (0..<rows.shape[1]).compactMap { row -> Target? in
        let start = (image * rows.shape[1] + row) * 5
        let numbers = Array(rows.values[start..<start + 5])
        guard numbers.contains(where: { $0 != 0 }) else { return nil }
        return Target(
          classIndex: Int(numbers[0]),
          box: CenteredBox(x: numbers[1], y: numbers[2], width: numbers[3], height: numbers[4]))
      }
    }
    let team = ThreadTeam(threads: threads)
    let executor = TrainingExecutor(
      Graph.yolox(weights.architecture, classCount: weights.classCount), team: team)
    let missing = executor.layout.load(weights.parameters, into: executor.parameters)
    guard missing.isEmpty else {
      throw TrainingError.unusableData(path: self.weights, reason: "lacks \(missing[0])")
    }
    executor.forward(images)
    var loss = DetectionLoss()
    loss.strides = weights.architecture.outputStrides
    loss.usesL1 = true
    let losses = loss(executor, targets: targets, team: team).losses
    executor.backward()
    var result = executor.layout.parameters(executor.gradients)
    result["losses"] = Tensor(
      shape: [5], values: [losses.total, losses.box, losses.l1, losses.objectness, losses.classes])
    try Safetensors.write(result, to: output)
  }
}
