import ArgumentParser
import Training

struct ScenesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scenes", abstract: "Draw a data set of street scenes with eight of COCO's classes.")

  @Option(help: "Folder for the data set.")
  var output: String

  @Option(help: "Number of training images.")
  var train = 2000

  @Option(help: "Number of validation images.")
  var val = 300

  @Option(help: "Random seed.")
  var seed: UInt64 = 0

  func validate() throws {
    guard train >= 0, val >= 0, train + val > 0 else {
      throw ValidationError("--train or --val must be positive")
    }
  }

  func run() throws {
    var generator = ScenesGenerator()
    generator.seed = seed
    try generator.write(train: train, validation: val, to: output)
    print("\(output): \(train) training and \(val) validation images; yolox-train fit --data \(output) ...")
  }
}
