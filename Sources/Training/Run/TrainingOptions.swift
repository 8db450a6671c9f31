import Imaging
import YOLOX

/// The options of a run. With data and initial weights they determine its result.
package struct TrainingOptions: Codable, Sendable, Equatable {
  package var model: String
  package var inputSize: Int
  package var epochs: Int
  /// Images per batch over all processes.
  package var batchSize: Int
  /// Learning rate at the end of the warm-up.
  package var peakLearningRate: Double
  package var warmupEpochs: Int
  /// Number of last epochs without mosaic and MixUp and with the L1 loss (the authors' `no_aug_epochs`).
  package var noAugEpochs: Int
  /// Range of input sizes, of which one is drawn every 10 iterations; `nil` for `inputSize` only.
  package var multiScale: ClosedRange<Int>?
  /// Epochs between evaluations.
  package var evalInterval: Int
  /// Batches per optimiser step.
  package var accumulation: Int
  package var freezesBackbone: Bool
  /// Whether batch normalisation keeps the running statistics of the initial weights.
  package var freezesBatchNorm: Bool
  /// Whether batch normalisation spans all processes (SyncBN).
  package var synchronizesBatchNorm: Bool
  /// Probability that an image becomes a mosaic.
  package var mosaicProbability: Float
  /// Probability that an object with a segmentation is pasted into another image.
  package var copyPaste: Float
  /// Time constant of the EMA decay ramp, in updates.
  package var emaTau: Double
  /// Scales of mosaics; `nil` for those of the network.
  package var mosaicScale: ClosedRange<Float>?
  /// Probability of MixUp; `nil` for that of the network.
  package var mixUpProbability: Float?
  /// Upper limit of the gradients' norm; `nil` for none.
  package var maxGradientNorm: Float?
  /// Epochs without a better AP after which the run ends; `nil` for none.
  package var patience: Int?
  /// How the network's input is made of images: that of the initial weights.
  package var preprocessing: String
  package var boxLoss: String
  package var centerRadius: Float
  package var assignment: AssignmentMethod
  package var head: String
  package var seed: UInt64
  package var threads: Int

  /// The paper's recipe for `variant`, with a shorter warm-up and fewer no-augmentation epochs in short runs.
  package init(variant: Variant, epochs: Int, batchSize: Int, accumulation: Int = 1, threads: Int) {
    model = variant.rawValue
    inputSize = variant.inputSize.width
    self.epochs = epochs
    self.batchSize = batchSize
    peakLearningRate = LearningRateSchedule.basePer64 * Double(batchSize * accumulation) / 64
    warmupEpochs = min(5, epochs / 6)
    noAugEpochs = min(15, epochs / 3)
    multiScale = nil
    evalInterval = 10
    self.accumulation = accumulation
    freezesBackbone = false
    freezesBatchNorm = false
    synchronizesBatchNorm = true
    mosaicProbability = 1
    copyPaste = 0
    emaTau = ModelEMA.tau
    mosaicScale = nil
    mixUpProbability = nil
    maxGradientNorm = nil
    patience = nil
    preprocessing = Preprocessing.standard.rawValue
    boxLoss = IoULoss.iou.rawValue
    centerRadius = SimOTA().centerRadius
    assignment = .simota
    head = Architecture.Head.decoupled.rawValue
    seed = 0
    self.threads = threads
  }

  /// Sets the defaults for fine-tuning on a few hundred images: a lower learning rate, a short warm-up and no mosaic, which
  /// slows convergence of short runs. docs/training.md has the measurements.
  package mutating func useFineTuningDefaults() {
    peakLearningRate *= TrainingOptions.fineTuningFactor
    warmupEpochs = min(1, warmupEpochs)
    mosaicProbability = 0
  }

  private static let fineTuningFactor = 0.4

  package var inputPreprocessing: Preprocessing { Preprocessing(rawValue: preprocessing) ?? .standard }

  package var variant: Variant { Variant(rawValue: model) ?? .nano }

  package var architecture: Architecture {
    Architecture(
      backbone: variant.architecture.backbone, head: Architecture.Head(rawValue: head) ?? .decoupled)
  }

  package var augmentation: Augmentation {
    var augmentation =
      switch variant {
      case .nano, .tiny, .s: Augmentation.small
      default: Augmentation()
      }
    augmentation.mosaicProbability = mosaicProbability
    augmentation.copyPaste = copyPaste
    augmentation.mosaicScale = mosaicScale ?? augmentation.mosaicScale
    augmentation.mixUpProbability = mixUpProbability ?? augmentation.mixUpProbability
    return augmentation
  }

  /// Epochs between evaluations that cost little beside training and leave many points to choose the best from.
  package static func evalInterval(validationImages: Int) -> Int {
    switch validationImages {
    case ...500: 1
    case ...2500: 5
    default: 10
    }
  }

  package func learningRateSchedule(batchesPerEpoch: Int) -> LearningRateSchedule {
    LearningRateSchedule(
      peak: peakLearningRate, warmupIterations: warmupEpochs * batchesPerEpoch,
      noAugIterations: noAugEpochs * batchesPerEpoch, totalIterations: epochs * batchesPerEpoch)
  }

  /// The paper's range of input sizes around `size`: 448 to 832 for 640, and 320 to 640 for the 416 of nano and tiny
  /// (exps/default/yolox_nano.py, random_size).
  package static func multiScale(_ variant: Variant, size: Int) -> ClosedRange<Int> {
    let (low, high) =
      switch variant {
      case .nano, .tiny: (10.0 / 13, 20.0 / 13)
      default: (0.7, 1.3)
      }
    func multiple(_ factor: Double) -> Int { max(1, Int((Double(size) * factor / 32).rounded())) * 32 }
    return multiple(low)...multiple(high)
  }

  /// Input size of an iteration, counted over the whole run.
  package func inputSize(iteration: Int) -> Int {
    guard let multiScale else { return inputSize }
    var random = RandomSource(seed, 3, UInt64(iteration / 10))
    return Int.random(in: multiScale.lowerBound / 32...multiScale.upperBound / 32, using: &random) * 32
  }
}
