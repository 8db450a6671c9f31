import Engine
import Imaging
import YOLOX

/// The pictures of a data set that came out worst, with their mistakes drawn in.
struct WorstPictures {
  let dataset: DetectionDataset
  let verdicts: [DetectionMatching]

  static let limit = 12
  private static let side = 480

  func drawn() throws(TrainingError) -> [(image: Image, caption: String)] {
    let order = verdicts.indices.filter { verdicts[$0].weight > 0 }
      .sorted { verdicts[$0].weight > verdicts[$1].weight }
    var pictures: [(image: Image, caption: String)] = []
    for index in order.prefix(WorstPictures.limit) {
      let verdict = verdicts[index]
      var picture = try dataset.picture(index)
      let scale = min(1, Float(WorstPictures.side) / Float(max(picture.width, picture.height)))
      picture = picture.resized(
        width: max(1, Int(Float(picture.width) * scale)), height: max(1, Int(Float(picture.height) * scale)))
      var annotations: [BoxAnnotation] = []
      func draw(_ box: Box, _ label: String, _ classIndex: Int) {
        annotations.append(
          BoxAnnotation(
            box: (box.x1 * scale, box.y1 * scale, box.x2 * scale, box.y2 * scale), label: label,
            colorIndex: classIndex))
      }
      for object in verdict.missed {
        draw(
          Box(x1: object.x1, y1: object.y1, x2: object.x2, y2: object.y2),
          "missed \(dataset.labels[object.classIndex])", object.classIndex)
      }
      for confusion in verdict.confusions {
        let wrong = dataset.labels[confusion.detection.classID]
        draw(
          confusion.detection.box, "\(wrong), is \(dataset.labels[confusion.object.classIndex])",
          confusion.detection.classID)
      }
      for detection in verdict.invented {
        draw(
          detection.box, "\(dataset.labels[detection.classID]) \(Int(detection.score * 100))%, is none",
          detection.classID)
      }
      picture.draw(annotations)
      let name = dataset.entries[index].path.split(separator: "/").last.map(String.init) ?? ""
      pictures.append(
        (
          picture,
          "\(name): \(verdict.missed.count) missed, \(verdict.confusions.count) of another class, \(verdict.invented.count) that are none, \(verdict.matches.count - verdict.confusions.count) right"
        ))
    }
    return pictures
  }
}

extension RunReport {
  /// The report on a run in `folder`: its curves and, with data to measure on, how `weights` do on it.
  package static func write(
    folder: String, weights: PretrainedWeights, validation: DetectionDataset?, pool: WorkerPool
  ) throws {
    var report = RunReport(title: folder.split(separator: "/").last.map(String.init) ?? folder)
    report.addCurves(curves(folder: folder))
    if let validation {
      let evaluation = Evaluation(dataset: validation)
      let detections = try evaluation.detections(weights, pool: pool)
      let verdicts = zip(validation.entries, detections).map { entry, found in
        DetectionMatching(objects: entry.objects, detections: found)
      }
      report.addPrecision(evaluation.accumulated(detections))
      report.addConfusion(
        ConfusionMatrix(verdicts, classCount: validation.labels.count), labels: validation.labels)
      try report.addMistakes(try WorstPictures(dataset: validation, verdicts: verdicts).drawn())
    }
    try report.write(to: folder + "/report.html")
  }
}
