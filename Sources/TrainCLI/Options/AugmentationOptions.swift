import ArgumentParser
import Training

/// What is done to training images.
struct AugmentationOptions: ParsableArguments {
  @Option(help: "Range of input sizes: auto, off or e.g. 448-832. (default: auto, with --weights off)")
  var multiScale: MultiScaleOption?

  @Option(help: "Probability that an image becomes a mosaic. (default: 1, with --weights 0)")
  var mosaic: Float?

  @Option(help: "Scales of mosaics. (default: 0.5-1.5 for nano, tiny and s, else 0.1-2)")
  var mosaicScale: ScaleRange?

  @Option(
    name: .customLong("mixup"),
    help: "Probability that a mosaic is mixed with an image. (default: 0 for nano, tiny and s, else 1)")
  var mixUp: Float?

  @Option(help: "Probability that a segmented object is pasted into another image.")
  var copyPaste: Float = 0

  func validate() throws {
    for (name, value) in [("--mosaic", mosaic), ("--mixup", mixUp), ("--copy-paste", copyPaste)] {
      if let value, !(value >= 0 && value <= 1) {
        throw ValidationError("\(name) is a probability: it must lie between 0 and 1")
      }
    }
  }

  func apply(to options: inout TrainingOptions, isFineTuning: Bool) {
    options.multiScale = (multiScale ?? (isFineTuning ? .off : .auto)).range(
      options.variant, size: options.inputSize)
    options.mosaicProbability = mosaic ?? options.mosaicProbability
    options.mosaicScale = mosaicScale?.range
    options.mixUpProbability = mixUp
    options.copyPaste = copyPaste
  }
}
