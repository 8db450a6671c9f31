import ArgumentParser
import Training

struct ShapesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shapes", abstract: "Generate a data set of drawn shapes, for trying out training.")

  @Option(help: "Folder for the data set.")
  var output: String

  @Option(help: "Number of training images.")
  var train = 240

  @Option(help: "Number of validation images.")
  var val = 60

  @Option(help: "Image size in pixels.")
  var size = 160

  @Option(help: "Random seed.")
  var seed: UInt64 = 0

  func validate() throws {
    guard train > 0, val > 0, size >= 32 else {
      throw ValidationError("--train and --val must be at least 1, --size at least 32")
    }
  }

  func run() throws {
    var generator = ShapesGenerator()
    generator.side = size
    generator.seed = seed
    try generator.write(train: train, validation: val, to: output)
    print(
      "\(output): \(train) training and \(val) validation images; train with: yolox-train fit --data \(output) ..."
    )
  }
}
