import ArgumentParser
import Checkpoints
import Engine
import Foundation
import Training
import YOLOX

/// What one batch gives with given weights, for comparison with other programs; Benchmarks/training_gradients.py asks.
struct GradientsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradients", abstract: "Write losses and gradients of one batch.", shouldDisplay: false)

  @Option(help: "Weights of the network.")
  var weights: String

  @Option(
    help:
      "Safetensors with images [N, 3, H, W] and targets [N, objects, 5]: class, centre, size; 0s for none.")
  var batch: String

  @Option(
    help:
      "The safetensors to write: a tensor for each weight, and `losses`: total, box, L1, objectness, class.")
  var output: String

  @Option(help: "Threads.")
  var threads = 2

  func run() throws {
    let weights = try PretrainedWeights(contentsOf: self.weights)
    let tensors = try Checkpoint.open(batch).tensors
    guard let images = tensors["images"], images.shape.count == 4, let rows = tensors["targets"],
      rows.shape.count == 3, rows.shape[0] == images.shape[0], rows.shape[2] == 5
    else {
      throw TrainingError.unusableData(path: batch, reason: "no images and targets that belong together")
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
    let crew = Crew(threads: threads)
    let pass = TrainingExecutor(Graph.yolox(weights.architecture, classCount: weights.classCount), crew: crew)
    let missing = pass.layout.load(weights.parameters, into: pass.parameters)
    guard missing.isEmpty else {
      throw TrainingError.unusableData(path: self.weights, reason: "no \(missing[0])")
    }
    pass.forward(images)
    var loss = DetectionLoss()
    loss.strides = weights.architecture.outputStrides
    loss.usesL1 = true
    let losses = loss(pass, targets: targets, crew: crew).losses
    pass.backward()
    var result = pass.layout.parameters(pass.gradients)
    result["losses"] = Tensor(
      shape: [5], values: [losses.total, losses.box, losses.l1, losses.objectness, losses.classes])
    try Safetensors.write(result, to: output)
  }
}
