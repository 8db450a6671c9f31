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

  @Option(help: "Size of the images in pixels, such as 3840x2160. Default: 288 to 416 at random.")
  var size: PixelSize?

  @Option(help: "Maximum objects per image.")
  var maxObjects = SceneComposer().maxObjects

  @Option(help: "Sizes of objects in pixels, such as 24-160. Default: a fifth to four fifths of the image.")
  var objectSize: PixelRange?

  func validate() throws {
    guard (1...SceneComposer.maxObjectsLimit).contains(maxObjects) else {
      throw ValidationError("--max-objects must be in 1...\(SceneComposer.maxObjectsLimit)")
    }
    guard train >= 0, val >= 0, train + val > 0 else {
      throw ValidationError("--train or --val must be positive")
    }
  }

  func run() throws {
    var generator = ScenesGenerator()
    generator.seed = seed
    generator.composer.size = size.map { ($0.width, $0.height) }
    generator.composer.maxObjects = maxObjects
    generator.composer.objectSizes = objectSize?.range
    try generator.write(train: train, validation: val, to: output)
    print("\(output): \(train) training and \(val) validation images; yolox-train fit --data \(output) ...")
  }
}
