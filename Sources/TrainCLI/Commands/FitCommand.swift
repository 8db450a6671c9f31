import ArgumentParser
import Foundation
import Training
import YOLOX

struct FitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "Train a network from scratch or from given weights.")

  @OptionGroup var data: DataOptions

  @Option(help: "Network: nano, tiny, s, m, l, x or darknet53.")
  var model = "nano"

  @Option(help: "Initial weights: a .pth or .safetensors file.")
  var weights: String?

  @Option(help: "Number of training epochs.")
  var epochs = 300

  @Option(help: "Images per batch, over all processes.")
  var batchSize = 8

  @Option(help: "Input size in pixels, a multiple of 32. (default: that of the network)")
  var size: Int?

  @Option(help: "Folder for checkpoints and metrics.")
  var output: String

  @Flag(help: "Continue the run in --output, if there is one, with its own options.")
  var orResume = false

  @Option(help: "Peak learning rate. (default: 0.01 x batch / 64, with --weights 0.4 of that)")
  var learningRate: Double?

  @Option(help: "Number of warm-up epochs. (default: up to 5, with --weights 1)")
  var warmupEpochs: Int?

  @Option(help: "Number of last epochs without mosaic and with L1 loss. (default: up to 15)")
  var noAugEpochs: Int?

  @Option(help: "Range of input sizes: auto, off or e.g. 448-832. (default: auto, with --weights off)")
  var multiScale: MultiScaleOption?

  @Option(help: "Batches per optimiser step. The learning rate counts all of them.")
  var gradientAccumulation = 1

  @Option(help: "Epochs between evaluations.")
  var evalInterval = 10

  @Option(help: "Box loss: iou or giou.")
  var boxLoss = "iou"

  @Option(help: "Half the side of the square of candidate anchors, in strides.")
  var centerRadius: Float = 1.5

  @Option(
    help: "Label assignment method: \(AssignmentMethod.allCases.map(\.rawValue).joined(separator: ", ")).")
  var assignment = "simota"

  @Option(help: "Detection head: \(Architecture.Head.allCases.map(\.rawValue).joined(separator: ", ")).")
  var head = "decoupled"

  @Flag(help: "Train only the head.")
  var freezeBackbone = false

  @Option(help: "Probability that a segmented object is pasted into another image.")
  var copyPaste: Float = 0

  @Flag(name: .customLong("freeze-bn"), help: "Keep the running statistics of batch normalisation.")
  var freezeBatchNorm = false

  @Flag(name: .customLong("no-sync-bn"), help: "Compute batch statistics for each process separately.")
  var noSyncBatchNorm = false

  @Option(help: "Probability that an image becomes a mosaic. (default: 1, with --weights 0)")
  var mosaic: Float?

  @Option(help: "EMA warm-up: time constant of the decay ramp, in updates. (default: 2000)")
  var emaTau: Double?

  @Option(help: "Random seed.")
  var seed: UInt64 = 0

  @Option(help: "Number of threads.")
  var threads = ProcessInfo.processInfo.activeProcessorCount

  func validate() throws {
    guard Variant(rawValue: model) != nil else {
      throw ValidationError("--model \(model) is unknown: use nano, tiny, s, m, l, x or darknet53")
    }
    guard IoULoss(rawValue: boxLoss) != nil else { throw ValidationError("--box-loss must be iou or giou") }
    guard let method = AssignmentMethod(rawValue: assignment), let head = Architecture.Head(rawValue: head)
    else {
      throw ValidationError("--assignment \(assignment) or --head \(head) is unknown")
    }
    guard (method == .anchors) == (head.anchors > 1) else {
      throw ValidationError(
        "--assignment anchors requires --head anchored or anchoredDecoupled, and the reverse")
    }
    guard epochs > 0, batchSize > 0, gradientAccumulation > 0, evalInterval > 0, threads > 0 else {
      throw ValidationError(
        "--epochs, --batch-size, --gradient-accumulation, --eval-interval and --threads must be positive")
    }
    if let size, size <= 0 || size % 32 != 0 {
      throw ValidationError("--size \(size) is not a multiple of 32")
    }
  }

  func run() throws {
    guard let variant = Variant(rawValue: model) else { throw ValidationError("--model \(model)") }
    if RunCheckpoint.exists(in: output) {
      let run = try RunCheckpoint.latest(in: output, report: printLine)
      guard orResume else {
        throw TrainingError.runExists(
          folder: output, epochsDone: run.state.epochsDone, epochs: run.state.options.epochs)
      }
      return try resume(run, data: data, folder: output)
    }
    var options = TrainingOptions(
      variant: variant, epochs: epochs, batchSize: batchSize, accumulation: gradientAccumulation,
      threads: threads)
    if weights != nil { options.useFineTuningDefaults() }
    options.inputSize = size ?? options.inputSize
    options.peakLearningRate = learningRate ?? options.peakLearningRate
    options.warmupEpochs = warmupEpochs ?? options.warmupEpochs
    options.noAugEpochs = noAugEpochs ?? options.noAugEpochs
    options.multiScale = (multiScale ?? (weights == nil ? .auto : .off)).range(
      variant, size: options.inputSize)
    options.evalInterval = evalInterval
    options.boxLoss = boxLoss
    options.centerRadius = centerRadius
    options.assignment = AssignmentMethod(rawValue: assignment) ?? .simota
    options.head = head
    options.freezesBackbone = freezeBackbone
    options.freezesBatchNorm = freezeBatchNorm
    options.synchronizesBatchNorm = !noSyncBatchNorm
    options.mosaicProbability = mosaic ?? options.mosaicProbability
    options.copyPaste = copyPaste
    options.emaTau = emaTau ?? options.emaTau
    options.seed = seed
    try withProcessGroup { processes in
      let trainer = try Trainer(
        options: options,
        training: try data.training(segmentations: copyPaste > 0, isQuiet: !processes.isMain),
        validation: try data.validation(isQuiet: !processes.isMain),
        weights: try weights.map { try PretrainedWeights(contentsOf: $0) }, folder: output,
        processes: processes,
        report: printLine)
      return try trainer.runUntilInterrupted()
    }
  }
}
