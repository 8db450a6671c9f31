import ArgumentParser
import Engine
import Foundation
import Imaging
import Training
import YOLOX

struct PreviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Write augmented training images with their boxes.")

  @OptionGroup var data: DataOptions

  @Option(help: "Network, which selects the augmentation: nano, tiny, s, m, l, x or darknet53.")
  var model = "nano"

  @Option(help: "Image size in pixels.")
  var size = 416

  @Option(help: "Number of images.")
  var count = 8

  @Option(help: "Probability that a segmented object is pasted into another image.")
  var copyPaste: Float = 0

  @Option(help: "Folder for the images.")
  var output: String

  @Option(help: "Random seed.")
  var seed: UInt64 = 0

  func run() throws {
    guard let variant = Variant(rawValue: model) else {
      throw ValidationError("--model \(model) is unknown")
    }
    let dataset = try data.load(segmentations: copyPaste > 0).training
    var augmentation = TrainingOptions(variant: variant, epochs: 1, batchSize: 1, threads: 1).augmentation
    augmentation.copyPaste = copyPaste
    let loader = BatchLoader(dataset: dataset, batchSize: 1, seed: seed, augmentation: augmentation)
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    for index in 0..<count {
      let batch = try loader.batch(
        index % loader.batchesPerEpoch, epoch: index / loader.batchesPerEpoch, side: size, isAugmented: true)
      var image = Image(width: size, height: size)
      for place in 0..<size * size {
        for channel in 0..<3 {
          image.pixels[3 * place + 2 - channel] = UInt8(batch.images.values[channel * size * size + place])
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
