import ArgumentParser
import Engine
import Foundation
import Imaging
import Training
import YOLOX

struct PreviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Write augmented pictures with their boxes, as the network will see them.")

  @OptionGroup var data: DataOptions

  @Option(help: "nano, tiny, s, m, l, x or darknet53: they are augmented differently.")
  var model = "nano"

  @Option(help: "Side of the pictures.")
  var input = 416

  @Option(help: "Number of pictures.")
  var count = 8

  @Option(help: "Probability that an object with an outline is copied into another picture.")
  var copyPaste: Float = 0

  @Option(help: "Folder for the pictures.")
  var output: String

  @Option(help: "All that is random follows from it.")
  var seed: UInt64 = 0

  func run() throws {
    guard let variant = Variant(rawValue: model) else {
      throw ValidationError("--model \(model) is not known")
    }
    let dataset = try data.training(outlines: copyPaste > 0)
    var augmentation = TrainingOptions(variant: variant, epochs: 1, batchSize: 1, threads: 1).augmentation
    augmentation.copyPaste = copyPaste
    let loader = BatchLoader(dataset: dataset, batchSize: 1, seed: seed, augmentation: augmentation)
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    for index in 0..<count {
      let batch = try loader.batch(
        index % loader.batchesPerEpoch, epoch: index / loader.batchesPerEpoch, side: input, isAugmented: true)
      var image = Image(width: input, height: input)
      for place in 0..<input * input {
        for channel in 0..<3 {
          image.pixels[3 * place + 2 - channel] = UInt8(batch.images.values[channel * input * input + place])
        }
      }
      image.draw(
        batch.targets[0].map { target in
          let box = target.box
          return BoxAnnotation(
            box: (
              box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2, box.y + box.height / 2
            ), label: dataset.labels[target.classIndex], colorIndex: target.classIndex)
        })
      let path = output + "/\(index).jpg"
      try Data(image.encoded(as: .jpeg)).write(to: URL(filePath: path))
      print(path)
    }
  }
}
