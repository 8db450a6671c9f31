import ArgumentParser
import Foundation
import Training
import YOLOX

struct FitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "Train a network, from given weights or from nothing.")

  @OptionGroup var data: DataOptions

  @Option(help: "nano, tiny, s, m, l, x or darknet53.")
  var model = "nano"

  @Option(help: "Weights to start from: .pth or .safetensors.")
  var weights: String?

  @Option(help: "Times that each picture is seen.")
  var epochs = 300

  @Option(help: "Pictures in a batch.")
  var batch = 8

  @Option(help: "Side of the network's input, a multiple of 32.")
  var input: Int?

  @Option(help: "Folder for checkpoints and metrics.")
  var output: String

  @Flag(help: "If --output holds a run already, go on with it, by its own options.")
  var orResume = false

  @Option(
    help:
      "Learning rate after the warm-up; 0.01 x batch / 64 from nothing, 0.4 of that from weights if not given."
  )
  var rate: Double?

  @Option(help: "Epochs of warm-up; up to 5 from nothing, 1 from weights if not given.")
  var warmUpEpochs: Int?

  @Option(help: "Last epochs without mosaic and with the L1 loss; up to 15 if not given.")
  var plainEpochs: Int?

  @Option(
    help:
      "Another side of the input every 10 iterations: auto (the paper's range), off, or a range like 448-832; auto from nothing, off from weights if not given."
  )
  var multiScale: MultiScaleOption?

  @Option(
    help: "Batches whose gradients are added up for one step. The rate follows: it is that of all together.")
  var accumulation = 1

  @Option(help: "Epochs between evaluations.")
  var evaluateEvery = 10

  @Option(help: "iou or giou.")
  var boxLoss = "iou"

  @Option(help: "Half the side of the square in which anchors are assigned, in strides.")
  var centerRadius: Float = 1.5

  @Option(
    help:
      "Which anchors answer for an object: \(AssignmentMethod.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var assignment = "simota"

  @Option(help: "The head: \(Architecture.Head.allCases.map(\.rawValue).joined(separator: ", ")).")
  var head = "decoupled"

  @Flag(help: "Train only the head.")
  var freezeBackbone = false

  @Option(help: "Probability that an object with an outline is copied into another picture.")
  var copyPaste: Float = 0

  @Flag(help: "Normalise by the statistics of the weights that training starts from.")
  var freezeStatistics = false

  @Flag(help: "With several processes, normalise by each one's share of the batch instead of the whole.")
  var separateStatistics = false

  @Option(help: "Share of the pictures that become a mosaic; 1 from nothing, 0 from weights if not given.")
  var mosaic: Float?

  @Option(help: "Updates after which the average of the weights has come to most of its slowness.")
  var averageRamp: Double?

  @Option(help: "All that is random follows from it.")
  var seed: UInt64 = 0

  @Option(help: "Threads.")
  var threads = ProcessInfo.processInfo.activeProcessorCount

  func validate() throws {
    guard Variant(rawValue: model) != nil else { throw ValidationError("--model \(model) is not known") }
    guard IoULoss(rawValue: boxLoss) != nil else { throw ValidationError("--box-loss is iou or giou") }
    guard let method = AssignmentMethod(rawValue: assignment), let head = Architecture.Head(rawValue: head)
    else {
      throw ValidationError("--assignment \(assignment) or --head \(head) is not known")
    }
    guard (method == .anchors) == (head.anchors > 1) else {
      throw ValidationError("--assignment anchors and --head anchored or anchoredDecoupled belong together")
    }
    guard epochs > 0, batch > 0, accumulation > 0, evaluateEvery > 0, threads > 0 else {
      throw ValidationError("counts must be positive")
    }
    if let input, input <= 0 || input % 32 != 0 {
      throw ValidationError("--input \(input) is not a multiple of 32")
    }
  }

  func run() throws {
    guard let variant = Variant(rawValue: model) else { throw ValidationError("--model \(model)") }
    if RunCheckpoint.exists(in: output) {
      let run = try RunCheckpoint.latest(in: output, report: printLine)
      guard orResume else {
        throw TrainingError.occupied(
          folder: output, epochsDone: run.state.epochsDone, epochs: run.state.options.epochs)
      }
      return try resume(run, data: data, folder: output)
    }
    var options = TrainingOptions(
      variant: variant, epochs: epochs, batchSize: batch, accumulation: accumulation, threads: threads)
    if weights != nil { options.startFromWeights() }
    options.inputSide = input ?? options.inputSide
    options.peakRate = rate ?? options.peakRate
    options.warmUpEpochs = warmUpEpochs ?? options.warmUpEpochs
    options.plainEpochs = plainEpochs ?? options.plainEpochs
    options.multiScale = (multiScale ?? (weights == nil ? .auto : .off)).range(
      variant, side: options.inputSide)
    options.evaluationInterval = evaluateEvery
    options.boxLoss = boxLoss
    options.centerRadius = centerRadius
    options.assignment = AssignmentMethod(rawValue: assignment) ?? .simota
    options.head = head
    options.freezesBackbone = freezeBackbone
    options.freezesStatistics = freezeStatistics
    options.synchronizesStatistics = !separateStatistics
    options.mosaicProbability = mosaic ?? options.mosaicProbability
    options.copyPaste = copyPaste
    options.averageRamp = averageRamp ?? options.averageRamp
    options.seed = seed
    try withPeers { peers in
      let trainer = try Trainer(
        options: options, training: try data.training(outlines: copyPaste > 0, isQuiet: !peers.isFirst),
        validation: try data.validation(isQuiet: !peers.isFirst),
        weights: try weights.map { try PretrainedWeights(contentsOf: $0) }, folder: output, peers: peers,
        report: printLine)
      return try trainer.runUntilInterrupted()
    }
  }
}
