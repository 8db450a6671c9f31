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
  /// Every 10 iterations another input size, up to so many steps of 32 smaller or larger; 0 for none.
  package var multiScaleSteps: Int
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
  package init(variant: Variant, epochs: Int, batchSize: Int, threads: Int) {
    model = variant.rawValue
    inputSide = variant.inputSize.width
    self.epochs = epochs
    self.batchSize = batchSize
    peakRate = LearningRate.basePer64 * Double(batchSize) / 64
    warmUpEpochs = min(5, epochs / 6)
    plainEpochs = min(15, epochs / 3)
    multiScaleSteps = 0
    evaluationInterval = 10
    accumulation = 1
    freezesBackbone = false
    freezesStatistics = false
    synchronizesStatistics = true
    mosaicProbability = 1
    copyPaste = 0
    averageRamp = MovingAverage.ramp
    boxLoss = BoxLoss.iou.rawValue
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

  package func learningRate(batchesPerEpoch: Int) -> LearningRate {
    LearningRate(
      peak: peakRate, warmUpIterations: warmUpEpochs * batchesPerEpoch,
      flatIterations: plainEpochs * batchesPerEpoch, totalIterations: epochs * batchesPerEpoch)
  }

  /// Side of the input in an iteration counted over the whole run.
  package func side(iteration: Int) -> Int {
    guard multiScaleSteps > 0 else { return inputSide }
    var random = RandomSource(seed, 3, UInt64(iteration / 10))
    return max(1, inputSide / 32 + Int.random(in: -multiScaleSteps...multiScaleSteps, using: &random)) * 32
  }
}
