import ArgumentParser
import COCO
import Engine
import Imaging
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct DetectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Finds objects in picture files.",
    discussion: "A picture that cannot be read is reported and the rest go on; the exit code is then 1.")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, coco
  }

  @Argument(help: "JPEG or PNG files, folders of them, or quoted patterns such as 'cam/*.jpg'.")
  var images: [String]

  @OptionGroup var model: ModelOptions

  @Option(help: "Leave out detections below this score, 0...1.")
  var score: Float = 0.25

  @Option(help: "Boxes that overlap by more than this IoU are one object, 0...1.")
  var nms: Float = 0.45

  @Option(help: "At most so many for each picture.")
  var maxDetections = 300

  @Option(help: "Only these, by label or class index: person,dog,2")
  var classes: String?

  @Flag(help: "Let boxes of different classes suppress each other.")
  var classAgnostic = false

  @Option(help: "text, json (one object a line) or coco (one array for all pictures).")
  var format = Format.text

  @Option(help: "Also draw the boxes into copies of the pictures in this folder.")
  var output: String?

  func validate() throws {
    guard (0...1).contains(score) else { throw ValidationError("--score must lie in 0...1") }
    guard (0...1).contains(nms) else { throw ValidationError("--nms must lie in 0...1") }
    guard maxDetections > 0 else { throw ValidationError("--max-detections must be at least 1") }
  }

  func run() async throws {
    let model = try model.loadModel()
    let options = DetectionOptions(
      scoreThreshold: score, nmsThreshold: nms, maxDetections: maxDetections,
      classes: try classes.map { try model.classIDs(named: Model.classNames(in: $0)) },
      classAgnostic: classAgnostic)
    if let output {
      try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    }
    var predictor = Predictor(model, pool: WorkerPool(threads: self.model.threadCount))

    var failures = 0
    var rows: [DetectionRecord] = []
    for (index, path) in PictureFiles.expand(images).enumerated() {
      do {
        let image = try PictureFiles.open(path)
        let detections = try predictor.detect(image, options: options)
        switch format {
        case .text: print(text(path, detections, model))
        case .json: print(try json(path, image, detections, model))
        case .coco:
          rows += detections.map {
            $0.result(imageID: PictureFiles.imageID(of: path) ?? index, category: $0.classID)
          }
        }
        if let output { try draw(detections, on: image.decoded(), model, path, into: output) }
      } catch {
        failures += 1
        printError("\(path): \(error)")
      }
    }
    if format == .coco { print(String(decoding: try JSONEncoder().encode(rows), as: UTF8.self)) }
    if failures > 0 { throw ExitCode.failure }
  }

  private func text(_ path: String, _ detections: [Detection], _ model: Model) -> String {
    guard !detections.isEmpty else { return "\(path): nothing" }
    return detections.map { detection in
      let box = [detection.box.x1, detection.box.y1, detection.box.x2, detection.box.y2]
        .map { $0.text(decimals: 1) }.joined(separator: " ")
      return "\(path): \(model.labels[detection.classID]) \(detection.score.text(decimals: 3)) \(box)"
    }.joined(separator: "\n")
  }

  private func json(_ path: String, _ image: EncodedImage, _ detections: [Detection], _ model: Model) throws
    -> String
  {
    struct Line: Encodable {
      let file: String
      let image: PictureSize
      let detections: [LabelledDetection]
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = Line(
      file: path, image: PictureSize(width: image.width, height: image.height),
      detections: detections.map { LabelledDetection($0, labels: model.labels) })
    return String(decoding: try encoder.encode(line), as: UTF8.self)
  }

  private func draw(
    _ detections: [Detection], on image: Image, _ model: Model, _ path: String, into folder: String
  ) throws {
    var drawn = image
    drawn.draw(detections, labels: model.labels)
    let isPNG = path.lowercased().hasSuffix(".png")
    let target = folder + "/" + URL(filePath: path).lastPathComponent
    try Data(drawn.encoded(as: isPNG ? .png : .jpeg)).write(to: URL(filePath: target))
  }
}

extension Detection {
  func result(imageID: Int, category: Int) -> DetectionRecord {
    DetectionRecord(
      imageID: imageID, categoryID: category,
      box: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map(Double.init), score: Double(score))
  }
}
