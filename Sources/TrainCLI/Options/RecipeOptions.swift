import ArgumentParser
import Training
import YOLOX

/// Epochs, rates and losses.
struct RecipeOptions: ParsableArguments {
  @Option(help: "Number of training epochs. (default: 300, with --weights 100)")
  var epochs: Int?

  @Option(help: "End the run after this many epochs without a better AP.")
  var patience: Int?

  @Option(help: "Images per batch, over all processes.")
  var batchSize = 8

  @Option(help: "Input size in pixels, a multiple of 32. (default: that of the network)")
  var size: Int?

  @Option(help: "Peak learning rate. (default: 0.01 x batch / 64, with --weights 0.4 of that)")
  var learningRate: Double?

  @Option(help: "Number of warm-up epochs. (default: up to 5, with --weights 1)")
  var warmupEpochs: Int?

  @Option(help: "Number of last epochs without mosaic and with L1 loss. (default: up to 15)")
  var noAugEpochs: Int?

  @Option(help: "Batches per optimiser step. The learning rate counts all of them.")
  var gradientAccumulation = 1

  @Option(help: "Shorten gradients to this norm. (default: no limit)")
  var clipGradNorm: Float?

  @Option(help: "Epochs between evaluations. (default: 1 up to 500 validation images, 5 up to 2500, else 10)")
  var evalInterval: Int?

  @Option(help: "Box loss: iou or giou.")
  var boxLoss = "iou"

  @Option(
    help: "Label assignment method: \(AssignmentMethod.allCases.map(\.rawValue).joined(separator: ", ")).")
  var assignment = "simota"

  @Option(
    help: "Half the side of the square of candidate anchors, in strides. (default: simota 1.5, ota 2.5)")
  var centerRadius: Float?

  @Option(help: "EMA warm-up: time constant of the decay ramp, in updates. (default: 2000)")
  var emaTau: Double?

  @Flag(name: .customLong("no-sync-bn"), help: "Compute batch statistics for each process separately.")
  var noSyncBatchNorm = false

  @Option(help: "Random seed.")
  var seed: UInt64 = 0

  func validate() throws {
    guard IoULoss(rawValue: boxLoss) != nil else { throw ValidationError("--box-loss must be iou or giou") }
    guard AssignmentMethod(rawValue: assignment) != nil else {
      throw ValidationError("--assignment \(assignment) is unknown")
    }
    let counts = [epochs ?? 1, batchSize, gradientAccumulation, evalInterval ?? 1, patience ?? 1]
    guard counts.allSatisfy({ $0 > 0 && $0 <= 1_000_000 }) else {
      throw ValidationError(
        "--epochs, --batch-size, --gradient-accumulation, --eval-interval and --patience must be positive")
    }
    if let size, size <= 0 || size % 32 != 0 || size > InputSize.limit {
      throw ValidationError("--size \(size) is not a multiple of 32 up to \(InputSize.limit)")
    }
    guard (warmupEpochs ?? 0) >= 0, (noAugEpochs ?? 0) >= 0 else {
      throw ValidationError("--warmup-epochs and --no-aug-epochs must not be negative")
    }
    let positive: [(String, Double?)] = [
      ("--learning-rate", learningRate), ("--clip-grad-norm", clipGradNorm.map(Double.init)),
      ("--center-radius", centerRadius.map(Double.init)), ("--ema-tau", emaTau),
    ]
    for (name, value) in positive {
      if let value, !(value > 0 && value.isFinite) { throw ValidationError("\(name) must be positive") }
    }
  }

  func options(_ variant: Variant, isFineTuning: Bool, threads: Int) -> TrainingOptions {
    var options = TrainingOptions(
      variant: variant, epochs: epochs ?? (isFineTuning ? 100 : 300), batchSize: batchSize,
      accumulation: gradientAccumulation, threads: threads)
    if isFineTuning { options.useFineTuningDefaults() }
    options.inputSize = size ?? options.inputSize
    options.peakLearningRate = learningRate ?? options.peakLearningRate
    options.warmupEpochs = min(warmupEpochs ?? options.warmupEpochs, options.epochs)
    options.noAugEpochs = min(noAugEpochs ?? options.noAugEpochs, options.epochs)
    options.patience = patience
    options.maxGradientNorm = clipGradNorm
    options.boxLoss = boxLoss
    options.assignment = AssignmentMethod(rawValue: assignment) ?? .simota
    options.centerRadius = centerRadius ?? options.assignment.defaultCenterRadius
    options.synchronizesBatchNorm = !noSyncBatchNorm
    options.emaTau = emaTau ?? options.emaTau
    options.seed = seed
    return options
  }
}
