import ArgumentParser
import Engine
import FoundationCompatibility
import Imaging
import Training
import YOLOX

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Find labels that are probably wrong, or images worth labelling next.",
    discussion: """
      yolox-train audit --data mine --weights runs/mine/best.safetensors --output audit
      yolox-train audit --unlabelled photos --weights runs/mine/best.safetensors --output next

      Writes the worst images with their findings drawn in, and instances.json, a COCO file for a labelling tool.
      """)

  @OptionGroup(title: "Data") var data: DataOptions

  @Option(help: "Folder of images without labels, to rank instead of --data.")
  var unlabelled: String?

  @Option(help: "Weights that detect: a file, or a name such as yolox-nano.")
  var weights: String

  @Option(help: "Folder for the images and instances.json.")
  var output: String

  @Option(help: "Maximum number of images to draw.")
  var count = 50

  @Option(help: "Number of threads. (default: the available processors)")
  var threads = availableProcessors()

  func validate() throws {
    guard threads > 0, count > 0 else { throw ValidationError("--threads and --count must be positive") }
    guard (unlabelled != nil) != (data.data != nil || data.annotations != nil) else {
      throw ValidationError("either --data (or --annotations and --images) or --unlabelled is required")
    }
  }

  func run() throws {
    let weights = try PretrainedWeights.initial(weights)
    let pool = WorkerPool(threads: threads)
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    if let unlabelled {
      let dataset = try DetectionDataset(unlabelled: unlabelled, labels: weights.labels)
      for issue in dataset.issues { print(issue) }
      let order = LabellingOrder(detections: try detections(dataset, weights, pool))
      try order.write(dataset, count: count, to: output + "/instances.json")
      try write(order.drawn(dataset, count: count), folder: output)
      print("\(output): the \(min(count, order.images.count)) of \(order.images.count) images to label first")
      return
    }
    let loaded = try data.load()
    for (name, part) in [("train", loaded.training), ("val", loaded.validation)] {
      guard let dataset = try part?.matched(to: weights.labels) else { continue }
      let folder = output + "/" + name
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let audit = LabelAudit(dataset, detections: try detections(dataset, weights, pool))
      try audit.write(dataset, to: folder + "/instances.json")
      try write(audit.drawn(dataset, count: count), folder: folder)
      let findings = audit.images.reduce(0) { $0 + $1.findings.count }
      print("\(folder): \(findings) findings in \(audit.images.count) of \(dataset.entries.count) images")
    }
  }

  private func detections(
    _ dataset: DetectionDataset, _ weights: PretrainedWeights, _ pool: WorkerPool
  ) throws -> [[Detection]] {
    let found = try Evaluation(dataset: dataset).detections(weights, pool: pool)
    for line in dataset.takeDamageReports() { print(line) }
    return found
  }

  /// Names begin with the rank, so that a folder's listing shows the worst first.
  private func write(_ images: [CaptionedImage], folder: String) throws {
    for (index, image) in images.enumerated() {
      let rank = String(1000 + index + 1).dropFirst(index < 999 ? 1 : 0)
      let stem = image.name.split(separator: ".").dropLast().joined(separator: ".")
      let path = "\(folder)/\(rank)-\(stem.isEmpty ? image.name : stem).jpg"
      try Data(image.image.encoded(as: .jpeg)).write(to: URL(filePath: path))
      print("\(path): \(image.caption)")
    }
  }
}
