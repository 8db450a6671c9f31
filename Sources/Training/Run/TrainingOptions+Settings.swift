import YOLOX

extension TrainingOptions {
  /// The options by the names of the command line's flags, for reports.
  var settings: [(name: String, value: String)] {
    let augmentation = augmentation
    return [
      ("model", architecture.modelName), ("head", head), ("size", "\(inputSize)"),
      ("multi-scale", multiScale.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "off"),
      ("epochs", "\(epochs)"), ("warmup-epochs", "\(warmupEpochs)"), ("no-aug-epochs", "\(noAugEpochs)"),
      ("batch-size", "\(batchSize)"), ("gradient-accumulation", "\(accumulation)"),
      ("learning-rate", "\(peakLearningRate)"),
      ("clip-grad-norm", maxGradientNorm.map { "\($0)" } ?? "off"), ("ema-tau", "\(emaTau)"),
      ("assignment", assignment.rawValue), ("center-radius", "\(centerRadius)"), ("box-loss", boxLoss),
      ("freeze-backbone", "\(freezesBackbone)"), ("freeze-bn", "\(freezesBatchNorm)"),
      ("mosaic", "\(augmentation.mosaicProbability)"),
      ("mosaic-scale", "\(augmentation.mosaicScale.lowerBound)-\(augmentation.mosaicScale.upperBound)"),
      ("mixup", "\(augmentation.mixUpProbability)"), ("copy-paste", "\(copyPaste)"),
      ("preprocessing", preprocessing), ("eval-interval", "\(evalInterval)"),
      ("patience", patience.map { "\($0)" } ?? "off"), ("seed", "\(seed)"), ("threads", "\(threads)"),
    ]
  }
}
