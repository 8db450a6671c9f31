import ArgumentParser
import COCO
import Checkpoints
import Engine
import FoundationCompatibility
import YOLOX

struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure COCO average precision, as pycocotools does.")

  @Option(help: "COCO instances file (JSON).", completion: .file())
  var annotations: String

  @Option(help: "Folder of the annotated images; not needed with --results.", completion: .directory)
  var images: String?

  @OptionGroup var model: ModelOptions

  @Option(help: "Minimum score of a detection, 0...1.")
  var scoreThreshold = DetectionOptions.evaluation.scoreThreshold

  @Option(help: "Maximum IoU of two boxes of a class, 0...1; the lower score is dropped.")
  var nmsThreshold = DetectionOptions.evaluation.nmsThreshold

  @OptionGroup(title: "Slices") var slices: SliceArguments

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(help: "COCO results file to evaluate, instead of running a network.", completion: .file())
  var results: String?

  @Option(help: "File to write the detections to, as COCO results.", completion: .file())
  var save: String?

  func validate() throws {
    guard images != nil || results != nil else {
      throw ValidationError(
        "--images is missing; name the folder of the images, or evaluate a file with --results")
    }
  }

  func run() async throws {
    let annotations = try Annotations(contentsOf: annotations)
    let records =
      if let results { try DetectionRecord.read(results) } else { try detect(annotations, in: images ?? "") }
    if let save { try AtomicFile.replace(save, with: Array(JSONEncoder().encode(records))) }
    let summary = Evaluator(annotations: annotations, results: records).summary()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      try printLine(String(decoding: try encoder.encode(summary), as: UTF8.self))
      return
    }
    for line in summary.lines {
      try printLine(line.label.padded(to: 48) + line.value.text(decimals: 4).padded(to: 7, .right))
    }
    try printLine("\nAP by class")
    for row in summary.perClass where row.ap >= 0 {
      try printLine("  " + row.name.padded(to: 46) + row.ap.text(decimals: 4).padded(to: 7, .right))
    }
  }

  private func detect(_ annotations: Annotations, in folder: String) throws -> [DetectionRecord] {
    var options = DetectionOptions.evaluation
    options.scoreThreshold = scoreThreshold
    options.nmsThreshold = nmsThreshold
    return try model.loadModel().detectionRecords(
      for: annotations, in: folder, pool: WorkerPool(threads: model.threadCount), options: options,
      slices: slices.options())
  }
}
