import COCO
import Engine
import Imaging
import YOLOX

/// The images of a data set with the worst errors, with the errors drawn in.
struct WorstImages {
  let dataset: DetectionDataset
  let matchings: [DetectionMatching]

  static let limit = 12
  private static let side = 480

  func drawn() -> [(image: Image, caption: String)] {
    let order = matchings.indices.filter { matchings[$0].errorScore > 0 }
      .sorted { matchings[$0].errorScore > matchings[$1].errorScore }
    var images: [(image: Image, caption: String)] = []
    for index in order.prefix(WorstImages.limit) {
      let matching = matchings[index]
      guard var image = try? dataset.image(index) else { continue }
      let scale = min(1, Float(WorstImages.side) / Float(max(image.width, image.height)))
      image = image.resized(
        width: max(1, Int(Float(image.width) * scale)), height: max(1, Int(Float(image.height) * scale)))
      var annotations: [BoxAnnotation] = []
      func draw(_ box: Box, _ label: String, _ classIndex: Int) {
        annotations.append(
          BoxAnnotation(
            box: (box.x1 * scale, box.y1 * scale, box.x2 * scale, box.y2 * scale), label: label,
            colorIndex: classIndex))
      }
      for object in matching.falseNegatives {
        draw(
          Box(x1: object.x1, y1: object.y1, x2: object.x2, y2: object.y2),
          "missed \(dataset.labels[object.classIndex])", object.classIndex)
      }
      for match in matching.misclassified {
        let wrong = dataset.labels[match.detection.classID]
        draw(
          match.detection.box, "\(wrong), should be \(dataset.labels[match.object.classIndex])",
          match.detection.classID)
      }
      for detection in matching.falsePositives {
        draw(
          detection.box,
          "\(dataset.labels[detection.classID]) \(Int(detection.score * 100))%, false positive",
          detection.classID)
      }
      image.draw(annotations)
      let name = dataset.entries[index].path.split(separator: "/").last.map(String.init) ?? ""
      images.append(
        (
          image,
          "\(name): \(matching.falseNegatives.count) missed, \(matching.misclassified.count) misclassified, \(matching.falsePositives.count) false positives, \(matching.matches.count - matching.misclassified.count) correct"
        ))
    }
    return images
  }
}

extension RunReport {
  /// Writes the report of the run in `folder`: metric curves and, with validation data, an evaluation of `weights`.
  ///
  /// - Returns: the curves of that evaluation.
  @discardableResult
  package static func write(
    folder: String, weights: PretrainedWeights, validation: DetectionDataset?, pool: WorkerPool
  ) throws -> PrecisionRecall? {
    var accumulated: PrecisionRecall?
    var report = RunReport(title: folder.split(separator: "/").last.map(String.init) ?? folder)
    report.addCurves(curves(folder: folder))
    if let validation = try validation?.matched(to: weights.labels) {
      let evaluation = Evaluation(dataset: validation)
      let detections = try evaluation.detections(weights, pool: pool)
      let matchings = zip(validation.entries, detections).map { entry, found in
        DetectionMatching(objects: entry.objects, detections: found)
      }
      let curves = evaluation.accumulated(detections)
      report.addPrecision(curves)
      accumulated = curves
      report.addConfusion(
        ConfusionMatrix(matchings, classCount: validation.labels.count), labels: validation.labels)
      try report.addErrors(WorstImages(dataset: validation, matchings: matchings).drawn())
    }
    try report.write(to: folder + "/report.html")
    return accumulated
  }
}
