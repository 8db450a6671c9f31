import ArgumentParser
import COCO
import Engine
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures average precision on pictures with COCO annotations, as pycocotools does.")

  @Option(help: "An instances JSON file.")
  var annotations: String

  @Option(help: "The folder with the pictures. Not needed with --results.")
  var images: String?

  @OptionGroup var model: ModelOptions

  @Option(help: "Leave out detections below this score.")
  var score: Float = 0.01

  @Option(help: "IoU above which boxes are one object.")
  var nms: Float = 0.65

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(help: "Evaluate this file of COCO results in place of running a network.")
  var results: String?

  @Option(help: "Write the detections there as COCO results.")
  var save: String?

  func run() async throws {
    let annotations = try Annotations(contentsOf: annotations)
    let rows: [DetectionRecord]
    if let results {
      rows = try DetectionRecord.read(results)
    } else {
      guard let images else { throw ValidationError("--images is needed, or --results") }
      rows = try model.loadModel().results(
        for: annotations, in: images, pool: WorkerPool(threads: model.threadCount),
        options: DetectionOptions(scoreThreshold: score, nmsThreshold: nms, maxDetections: 1000))
    }
    if let save { try DetectionRecord.write(rows, to: save) }
    let summary = Evaluator(annotations: annotations, results: rows).summary()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      print(String(decoding: try encoder.encode(summary), as: UTF8.self))
      return
    }
    for line in summary.lines {
      print(line.label.left(48) + line.value.text(decimals: 4).right(7))
    }
    print("\nAP by class")
    for row in summary.perClass where row.ap >= 0 {
      print("  " + row.name.left(46) + row.ap.text(decimals: 4).right(7))
    }
  }
}
