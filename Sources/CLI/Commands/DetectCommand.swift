import ArgumentParser
import COCO
import Engine
import FoundationCompatibility
import Imaging
import PlatformC
import YOLOX

struct DetectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Detect objects in image files.",
    discussion: """
      Images that cannot be read and arguments that name no image are reported, the others are processed, and the exit code \
      is then 1.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, coco
  }

  @Argument(
    help: "Image files, folders, quoted patterns such as 'cam/*.jpg', or - for stdin.",
    completion: .file(extensions: ImageFormat.fileSuffixes))
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

  @Option(help: "COCO instances file whose image and category ids --format coco writes.", completion: .file())
  var annotations: String?

  @Option(help: "Folder for copies of the images with boxes drawn.", completion: .directory)
  var output: String?

  @Flag(help: "Replace files of earlier runs in the folder of --output.")
  var overwrite = false

  func validate() throws {
    try requireInRange("--score-threshold", scoreThreshold, 0...1)
    try requireInRange("--nms-threshold", nmsThreshold, 0...1)
    try requirePositive([("--max-detections", maxDetections)])
    if annotations != nil, format != .coco { throw ValidationError("--annotations needs --format coco") }
    if overwrite, output == nil { throw ValidationError("--overwrite needs --output") }
  }

  func run() async throws {
    let images = ImageArguments(self.images)
    for problem in images.problems { printError("\(problem)") }
    guard !images.paths.isEmpty else { throw ExitCode.failure }
    let drawings = try output.map { folder in
      try DrawingFolder(
        folder, for: images.paths.map { ($0, images.relativePath(of: $0)) }, overwriting: overwrite)
    }
    let annotations = try annotations.map { try Annotations(contentsOf: $0) }
    let model = try model.loadModel()
    var results =
      format == .coco
      ? try COCOResults(labels: model.labels, paths: images.paths, annotations: annotations) : nil
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
    var predictor = Predictor(model, slices: slices, pool: WorkerPool(threads: self.model.threadCount))

    // Lines on a terminal are progress enough.
    let showsProgress = images.paths.count > 1 && (format == .coco || isatty(STDOUT_FILENO) == 0)
    var progress = ProgressBar(label: "images", total: showsProgress ? images.paths.count : 0)
    var failures = images.problems.count
    for path in images.paths {
      var line: String?
      do {
        let image = try ImageFiles.open(path)
        let detections = try predictor.detect(image, slices: slices, options: options)
        let found = FileDetections(
          file: path, width: image.width, height: image.height, detections: detections, labels: model.labels)
        line = format == .text ? found.text : format == .json ? try found.json : nil
        try results?.append(detections, in: path)
        try drawings?.draw(detections, on: image.decoded(), labels: model.labels, of: path)
      } catch {
        failures += 1
        progress.clear()
        printError("\(path): \(error)")
      }
      if let line { try printLine(line) }
      progress.advance()
    }
    if showsProgress { progress.finish() }
    if let results { try printLine(jsonText(of: results.records)) }
    if failures > 0 { throw ExitCode.failure }
  }
}
