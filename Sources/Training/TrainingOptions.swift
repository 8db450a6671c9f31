import YOLOX

/// What a run is: enough, with data and starting weights, to repeat it.
package struct TrainingOptions: Codable, Sendable, Equatable {
  package var model: String
  package var inputSide: Int
  package var epochs: Int
  /// Of all processes together.
  package var batchSize: Int
  /// At the end of the warm-up.
  package var peakRate: Double
  package var warmUpEpochs: Int
  /// Last epochs, without mosaic and mix-up and with the L1 loss.
  package var plainEpochs: Int
  /// Every 10 iterations another side of the input, a multiple of 32 in this range; none: always `inputSide`.
  package var multiScale: ClosedRange<Int>?
  package var evaluationInterval: Int
  /// Batches whose gradients are added up for one step.
  package var accumulation: Int
  package var freezesBackbone: Bool
  /// Normalise by the statistics that the starting weights came with.
  package var freezesStatistics: Bool
  /// With several processes: normalise by the statistics of the whole batch, not of each process's share.
  package var synchronizesStatistics: Bool
  /// Share of the pictures that become a mosaic.
  package var mosaicProbability: Float
  /// For each object with an outline: whether it is copied into another picture.
  package var copyPaste: Float
  /// Updates after which the average has come to most of its slowness.
  package var averageRamp: Double
  package var boxLoss: String
  package var centerRadius: Float
  package var assignment: AssignmentMethod
  package var head: String
  package var seed: UInt64
  package var threads: Int

  /// The paper's recipe for `variant`; short runs get shorter warm-ups and ends.
  package init(variant: Variant, epochs: Int, batchSize: Int, accumulation: Int = 1, threads: Int) {
    model = variant.rawValue
    inputSide = variant.inputSize.width
    self.epochs = epochs
    self.batchSize = batchSize
    peakRate = LearningRateSchedule.basePer64 * Double(batchSize * accumulation) / 64
    warmUpEpochs = min(5, epochs / 6)
    plainEpochs = min(15, epochs / 3)
    multiScale = nil
    evaluationInterval = 10
    self.accumulation = accumulation
    freezesBackbone = false
    freezesStatistics = false
    synchronizesStatistics = true
    mosaicProbability = 1
    copyPaste = 0
    averageRamp = ModelEMA.ramp
    boxLoss = IoULoss.iou.rawValue
    centerRadius = SimOTA().centerRadius
    assignment = .simota
    head = Architecture.Head.decoupled.rawValue
    seed = 0
    self.threads = threads
  }

  /// What suits weights that already know pictures and a few hundred new ones: a rate at which they forget little, hardly
  /// any warm-up, pictures whole. Mosaics, made for long runs, slow short ones down. docs/training.md has the measurements.
  package mutating func startFromWeights() {
    peakRate *= TrainingOptions.fineTuningRate
    warmUpEpochs = min(1, warmUpEpochs)
    mosaicProbability = 0
  }

  private static let fineTuningRate = 0.4

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
    return augmentation
  }

  package func learningRate(batchesPerEpoch: Int) -> LearningRateSchedule {
    LearningRateSchedule(
      peak: peakRate, warmUpIterations: warmUpEpochs * batchesPerEpoch,
      flatIterations: plainEpochs * batchesPerEpoch, totalIterations: epochs * batchesPerEpoch)
  }

  /// The paper's range of input sides round `side`: 448 to 832 for 640, and 320 to 640 for the 416 of nano and tiny
  /// (exps/default/yolox_nano.py, random_size).
  package static func multiScale(_ variant: Variant, side: Int) -> ClosedRange<Int> {
    let (least, most) =
      switch variant {
      case .nano, .tiny: (10.0 / 13, 20.0 / 13)
      default: (0.7, 1.3)
      }
    func multiple(_ factor: Double) -> Int { max(1, Int((Double(side) * factor / 32).rounded())) * 32 }
    return multiple(least)...multiple(most)
  }

  /// Side of the input in an iteration counted over the whole run.
  package func side(iteration: Int) -> Int {
    guard let multiScale else { return inputSide }
    var random = RandomSource(seed, 3, UInt64(iteration / 10))
    return Int.random(in: multiScale.lowerBound / 32...multiScale.upperBound / 32, using: &random) * 32
  }
}
