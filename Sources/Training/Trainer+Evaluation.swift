import COCO
import Engine
import YOLOX

extension Trainer {
  /// Evaluates the averaged weights if an evaluation is due, and keeps the best.
  ///
  /// - Returns: AP, or `nil` if no evaluation is due.
  func evaluate(_ epoch: Int, _ shouldAbort: () -> Bool) throws -> Double? {
    let isDue = (epoch + 1).isMultiple(of: state.options.evalInterval) || epoch + 1 == state.options.epochs
    let weights = try emaWeights()
    guard let validation else {
      try WeightsFile.write(weights, to: folder + "/best.safetensors")
      return nil
    }
    guard isDue else { return nil }
    let ap = try evaluate(weights, validation, after: epoch + 1, shouldAbort)
    if let patience = state.options.patience, epoch + 1 - state.bestEpoch >= patience,
      epoch + 1 < state.options.epochs
    {
      state.hasStoppedEarly = true
      log.report("AP has not risen for \(epoch + 1 - state.bestEpoch) epochs: the run ends")
    }
    return ap
  }

  /// Evaluates `weights` and keeps them if they are the best.
  private func evaluate(
    _ weights: PretrainedWeights, _ validation: DetectionDataset, after epochs: Int, _ shouldAbort: () -> Bool
  ) throws -> Double {
    var lastLine = ContinuousClock.now
    let ap = try Evaluation(dataset: validation)(weights, pool: team.pool) { count in
      // Other processes would wait for this one.
      if team.processes.count == 1, shouldAbort() { throw CancellationError() }
      if ProgressTimer.isDue(&lastLine, every: .seconds(10)) {
        log.report("evaluating: \(count) of \(validation.entries.count) images")
      }
    }.ap
    reportDamage()
    if ap > state.bestAP {
      (state.bestAP, state.bestEpoch) = (ap, epochs)
      try WeightsFile.write(weights, to: folder + "/best.safetensors")
    }
    return ap
  }

  /// The initial weights may be the best of a run, where they know the classes.
  func evaluateInitialWeights(_ shouldAbort: () -> Bool) throws {
    guard startsTrained, let validation, team.processes.isMain else { return }
    let ap = try evaluate(try emaWeights(), validation, after: 0, shouldAbort)
    log.report("AP of the initial weights: \((ap * 1000).rounded() / 1000)")
    try save()
  }

  func reportDamage() {
    for line in loader.dataset.takeDamageReports() + (validation?.takeDamageReports() ?? []) {
      reportFromAnyProcess(line)
    }
  }

  /// What the best weights are and how to serve them.
  func closingLines(_ curves: PrecisionRecall?) throws -> [String] {
    let best = folder + "/best.safetensors"
    let result =
      validation == nil
      ? ""
      : ": AP \((state.bestAP * 1000).rounded() / 1000) "
        + (state.bestEpoch == 0 ? "before the first epoch" : "after epoch \(state.bestEpoch)")
    var lines = ["best weights\(result)"]
    if let thresholds = curves.flatMap(ScoreThresholds.init) {
      try thresholds.write(to: folder + "/thresholds.json")
      let threshold = (thresholds.threshold * 100).rounded() / 100
      lines.append(
        "best F1 at score_threshold=\(threshold) in requests; for each class: \(folder)/thresholds.json")
    }
    return lines + ["serve them with: yolox serve --weights \(best)"]
  }
}
