import COCO
import Engine
import YOLOX

extension RunReport {
  /// Writes the report of the run in `folder`: its settings, metric curves and, with validation data, an evaluation of
  /// `weights` and an audit of the labels, which `audit.json` has as a COCO file.
  ///
  /// - Parameter options: of the run, where they are known.
  /// - Returns: the curves of that evaluation.
  @discardableResult
  package static func write(
    folder: String, options: TrainingOptions?, weights: PretrainedWeights, validation: DetectionDataset?,
    pool: WorkerPool
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
      let audit = LabelAudit(validation, detections: detections)
      try audit.write(validation, to: folder + "/audit.json")
      try report.addAudit(audit.drawn(validation, count: WorstImages.limit))
    }
    if let options { report.addSettings(options) }
    try report.write(to: folder + "/report.html")
    return accumulated
  }
}
