import ArgumentParser
import COCO
import Engine
import FoundationCompatibility
import Imaging
import YOLOX

struct DetectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Detect objects in image files.",
    discussion: "Unreadable images are reported, the others are processed, and the exit code is then 1.")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, coco
  }

  @Argument(help: "Image files, folders, or quoted patterns such as 'cam/*.jpg'.")
  var images: [String]

  @OptionGroup var model: ModelOptions

  @Option(help: "Minimum score of a detection, 0...1.")
  var scoreThreshold = DetectionOptions().scoreThreshold

  @Option(help: "Maximum IoU of two boxes of a class, 0...1; the lower score is dropped.")
  var nmsThreshold = DetectionOptions().nmsThreshold

  @Option(help: "Maximum detections per image.")
  var maxDetections = DetectionOptions().maxDetections

  @Option(help: "Labels or class indices to detect, such as person,dog,2. Default: all.")
  var classes: String?

  @Flag(help: "Suppress overlapping boxes across classes.")
  var classAgnostic = false

  @OptionGroup(title: "Filters") var filters: FilterArguments

  @OptionGroup(title: "Slices") var slices: SliceArguments

  @Option(help: "Output format; json prints an object per line, coco one array.")
  var format = Format.text

  @Option(help: "Folder for copies of the images with boxes drawn.")
  var output: String?

  func validate() throws {
    try requireInRange("--score-threshold", scoreThreshold, 0...1)
    try requireInRange("--nms-threshold", nmsThreshold, 0...1)
    try requirePositive([("--max-detections", maxDetections)])
  }

  func run() async throws {
    let model = try model.loadModel()
    var options = DetectionOptions(
      scoreThreshold: LabelledDetection.minScore(reportedAtLeast: scoreThreshold), nmsThreshold: nmsThreshold,
      maxDetections: maxDetections,
      classes: try classes.map { list in
        let names = Model.classNames(in: list)
        guard !names.isEmpty else { throw CLIError("--classes: names no class") }
        return try CLIError.naming("--classes") { try model.classIDs(named: names) }
      },
      classAgnostic: classAgnostic)
    try filters.apply(to: &options, for: model)
    let slices = try slices.options()
    if let output {
      try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    }
    var predictor = Predictor(
      model, capacity: slices == nil ? 1 : Predictor.sliceBatchSize,
      pool: WorkerPool(threads: self.model.threadCount))

    var failures = 0
    var records: [DetectionRecord] = []
    for (index, path) in ImageFiles.expand(images).enumerated() {
      do {
        let image = try ImageFiles.open(path)
        let detections =
          if let slices { try predictor.detect(image.decoded(), slices: slices, options: options) } else {
            try predictor.detect(image, options: options)
          }
        let result = FileDetections(
          file: path, width: image.width, height: image.height, detections: detections, labels: model.labels)
        switch format {
        case .text: print(result.text)
        case .json: print(try result.json)
        case .coco:
          records += detections.map {
            DetectionRecord($0, imageID: ImageFiles.imageID(of: path) ?? index, categoryID: $0.classID)
          }
        }
        if let output { try draw(detections, on: image.decoded(), model, path, into: output) }
      } catch {
        failures += 1
        printError("\(path): \(error)")
      }
    }
    if format == .coco { print(String(decoding: try JSONEncoder().encode(records), as: UTF8.self)) }
    if failures > 0 { throw ExitCode.failure }
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
