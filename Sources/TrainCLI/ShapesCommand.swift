import ArgumentParser
import Training

struct ShapesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shapes", abstract: "Make a data set of drawn shapes, to try training on.")

  @Option(help: "Folder for the data set.")
  var output: String

  @Option(help: "Pictures to train on.")
  var train = 240

  @Option(help: "Pictures to evaluate on.")
  var val = 60

  @Option(help: "Side of the pictures.")
  var side = 160

  @Option(help: "All that is random follows from it.")
  var seed: UInt64 = 0

  func validate() throws {
    guard train > 0, val > 0, side >= 32 else {
      throw ValidationError("counts must be positive, --side at least 32")
    }
  }

  func run() throws {
    var generator = ShapesGenerator()
    generator.side = side
    generator.seed = seed
    try generator.write(train: train, validation: val, to: output)
    print(
      "\(output): \(train) pictures to train on, \(val) to evaluate on; yolox-train fit --data \(output) ...")
  }
}
