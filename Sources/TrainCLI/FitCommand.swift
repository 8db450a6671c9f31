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

  @Option(
    help:
      "Learning rate after the warm-up; 0.01 x batch / 64 from nothing, 0.4 of that from weights if not given."
  )
  var rate: Double?

  @Option(help: "Epochs of warm-up; up to 5 from nothing, 1 from weights if not given.")
  var warmUpEpochs: Int?

  @Option(help: "Last epochs without mosaic and with the L1 loss; up to 15 if not given.")
  var plainEpochs: Int?

  @Option(help: "Steps of 32 pixels by which the input gets smaller or larger every 10 iterations.")
  var multiScale = 0

  @Option(help: "Batches whose gradients are added up for one step.")
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
    guard BoxLoss(rawValue: boxLoss) != nil else { throw ValidationError("--box-loss is iou or giou") }
    guard let method = AssignmentMethod(rawValue: assignment), let head = Architecture.Head(rawValue: head)
    else {
      throw ValidationError("--assignment \(assignment) or --head \(head) is not known")
    }
    guard (method == .anchors) == (head.anchors > 1) else {
      throw ValidationError("--assignment anchors and --head anchored or anchoredDecoupled belong together")
    }
    guard epochs > 0, batch > 0, accumulation > 0, evaluateEvery > 0, threads > 0, multiScale >= 0 else {
      throw ValidationError("counts must be positive")
    }
    if let input, input <= 0 || input % 32 != 0 {
      throw ValidationError("--input \(input) is not a multiple of 32")
    }
  }

  func run() throws {
    guard let variant = Variant(rawValue: model) else { throw ValidationError("--model \(model)") }
    var options = TrainingOptions(variant: variant, epochs: epochs, batchSize: batch, threads: threads)
    if weights != nil { options.startFromWeights() }
    options.inputSide = input ?? options.inputSide
    options.peakRate = rate ?? options.peakRate
    options.warmUpEpochs = warmUpEpochs ?? options.warmUpEpochs
    options.plainEpochs = plainEpochs ?? options.plainEpochs
    options.multiScaleSteps = multiScale
    options.accumulation = accumulation
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
        options: options, training: try data.training(outlines: copyPaste > 0),
        validation: try data.validation(),
        weights: try weights.map { try PretrainedWeights(contentsOf: $0) }, folder: output, peers: peers,
        report: printLine)
      try trainer.runUntilInterrupted()
    }
  }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run from its last checkpoint.")

  @OptionGroup var data: DataOptions

  @Option(help: "Folder of the run.")
  var output: String

  func run() throws {
    let (state, tensors) = try RunState.read(output + "/last.safetensors")
    try withPeers { peers in
      let trainer = try Trainer(
        options: state.options, training: try data.training(outlines: state.options.copyPaste > 0),
        validation: try data.validation(),
        weights: nil, folder: output, peers: peers, report: printLine)
      try trainer.resume(state, tensors)
      try trainer.runUntilInterrupted()
    }
  }
}

/// Runs `body` with the processes that `mpirun` started, if it did. A fault in one of them ends all.
private func withPeers(_ body: (Peers) throws -> Void) throws {
  let peers = try Peers.join()
  do {
    try body(peers)
    peers.leave()
  } catch {
    if peers.count > 1 { FileHandle.standardError.write(Data("yolox-train: \(error)\n".utf8)) }
    peers.abandon()
    throw error
  }
}

/// At once: a run is watched through a pipe or a file as often as on a terminal.
private func printLine(_ line: String) {
  print(line)
  fflush(nil)
}
