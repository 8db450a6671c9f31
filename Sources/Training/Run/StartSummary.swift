import Engine
import FoundationCompatibility
import YOLOX

/// What a run is started with, for its console and its folder.
package enum StartSummary {
  package static func lines(
    options: TrainingOptions, training: DetectionDataset, validation: DetectionDataset?
  ) -> [String] {
    classTable(training, validation) + recipe(options, imageCount: training.entries.count)
  }

  /// Images and objects by class and size of the box in pixels of the images, as COCO divides them (32² and 96²).
  private static func classTable(_ training: DetectionDataset, _ validation: DetectionDataset?) -> [String] {
    let counts = training.classCounts
    let validationCounts = validation?.classCounts
    let width = min(24, max(8, training.labels.map(\.count).max() ?? 8))
    var lines = [
      padded("class", width) + right("images") + right("objects") + right("small") + right("medium")
        + right("large") + (validation == nil ? "" : right("val. obj."))
    ]
    let shown = training.labels.indices.sorted { (counts[$1].objects, $0) < (counts[$0].objects, $1) }
    for index in shown.prefix(maxClasses) {
      let count = counts[index]
      lines.append(
        padded(training.labels[index], width)
          + [count.images, count.objects, count.small, count.medium, count.large].map { right("\($0)") }
          .joined()
          + (validationCounts.map { right("\($0[index].objects)") } ?? ""))
    }
    if shown.count > maxClasses { lines.append("... and \(shown.count - maxClasses) more classes") }
    let unused = training.labels.indices.filter { counts[$0].objects == 0 }
    if !unused.isEmpty {
      lines.append(
        "classes without training objects: \(unused.prefix(5).map { training.labels[$0] }.joined(separator: ", "))"
          + (unused.count > 5 ? ", ... (\(unused.count))" : ""))
    }
    let empty = training.entries.count { $0.objects.isEmpty }
    if empty > 0 { lines.append("training images without objects: \(empty) of \(training.entries.count)") }
    if validation == nil {
      lines.append(
        "no validation images: the last weights are kept as the best; --val-split 0.1 sets some aside")
    }
    return lines
  }

  private static let maxClasses = 20

  private static func recipe(_ options: TrainingOptions, imageCount: Int) -> [String] {
    let perEpoch = max(1, (imageCount + options.batchSize - 1) / options.batchSize)
    let augmentation = options.augmentation
    var parts = [
      options.architecture.modelName,
      "\(options.inputSize) pixels"
        + (options.multiScale.map { " (\($0.lowerBound)-\($0.upperBound))" } ?? ""),
      "\(options.epochs) epochs of \(perEpoch) batches of \(options.batchSize)",
      "learning rate \(options.peakLearningRate), warm-up \(options.warmupEpochs)",
      "no augmentation in the last \(options.noAugEpochs)",
      "mosaic \(augmentation.mosaicProbability)", "MixUp \(augmentation.mixUpProbability)",
      "evaluation every \(options.evalInterval)", "\(options.threads) threads",
    ]
    if options.freezesBackbone { parts.append("backbone frozen") }
    if let patience = options.patience { parts.append("patience \(patience)") }
    let memory = memoryEstimate(options)
    return [parts.joined(separator: "; "), "memory: about \(memory >> 20) MiB"]
  }

  /// Activations of a batch, which are kept for the backward pass, a third of them again for gradients; weights,
  /// gradients, momentum and average; the cache of images.
  static func memoryEstimate(_ options: TrainingOptions) -> Int {
    let side = options.multiScale?.upperBound ?? options.inputSize
    let graph = Graph.yolox(options.architecture, classCount: 1)
    let shapes = graph.shapes(batch: options.batchSize, height: side, width: side)
    // Batch normalisation is fused with its activation.
    let activations = zip(graph.nodes, shapes).reduce(0) { sum, node in
      if case .batchNormalization = node.0.operation { return sum }
      return sum + node.1.reduce(1, *)
    }
    let parameters = graph.parameterShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
    return 4 * (activations * 4 / 3 + 4 * parameters) + 64 << 20
  }

  /// Writes `options.json`: the options, and the classes in their order.
  package static func write(
    options: TrainingOptions, training: DetectionDataset, folder: String
  ) throws(TrainingError) {
    struct Content: Encodable {
      let options: TrainingOptions
      let classes: [String]
      let trainingImages: Int
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let path = folder + "/options.json"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let text = try encoder.encode(
        Content(options: options, classes: training.labels, trainingImages: training.entries.count))
      try writeAtomically([UInt8](text), to: path)
    } catch let error as TrainingError {
      throw error
    } catch {
      throw .unwritable(path: path, reason: "\(error)")
    }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    let cut = String(text.prefix(width))
    return cut + String(repeating: " ", count: width - cut.count)
  }

  private static func right(_ text: String) -> String {
    String(repeating: " ", count: max(1, 10 - text.count)) + text
  }
}

extension DetectionDataset {
  struct ClassCount: Equatable {
    var images = 0
    var objects = 0
    /// By area: below 32², below 96², and larger.
    var small = 0
    var medium = 0
    var large = 0
  }

  /// By class index.
  var classCounts: [ClassCount] {
    var counts = Array(repeating: ClassCount(), count: labels.count)
    for entry in entries {
      for index in Set(entry.objects.map(\.classIndex)) { counts[index].images += 1 }
      for object in entry.objects {
        let area = (object.x2 - object.x1) * (object.y2 - object.y1)
        counts[object.classIndex].objects += 1
        switch area {
        case ..<1024: counts[object.classIndex].small += 1
        case ..<9216: counts[object.classIndex].medium += 1
        default: counts[object.classIndex].large += 1
        }
      }
    }
    return counts
  }
}
