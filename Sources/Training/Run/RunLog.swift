import Engine
import FoundationCompatibility

/// Everything that a run reports: metric files, TensorBoard events and progress lines.
struct RunLog {
  private var metrics: MetricsLog
  private var events: TensorBoardLog
  private var table = ProgressTable()
  private let options: TrainingOptions
  private let batchesPerEpoch: Int
  let report: (String) -> Void

  /// - Parameter report: called with progress lines.
  init(folder: String, options: TrainingOptions, batchesPerEpoch: Int, report: @escaping (String) -> Void) {
    metrics = MetricsLog(folder: folder)
    events = TensorBoardLog(folder: folder, time: Date().timeIntervalSince1970)
    self.options = options
    self.batchesPerEpoch = batchesPerEpoch
    self.report = report
  }

  /// Removes the metrics of epochs that a resumed run repeats.
  func truncate(after epochs: Int) throws(TrainingError) { try metrics.truncate(after: epochs) }

  /// The metrics of the current epoch of `state`.
  func row(
    _ state: RunState, epoch: Int, learningRate: Double, imagesPerSecond: Double, ap: Double? = nil
  ) -> MetricsLog.Row {
    MetricsLog.Row(
      epoch: epoch + 1, losses: state.epochLosses.divided(by: Float(state.epochIterations)),
      learningRate: learningRate, imagesPerSecond: imagesPerSecond, ap: ap)
  }

  func append(_ row: MetricsLog.Row) throws(TrainingError) { try metrics.append(row) }

  mutating func appendEvents(_ row: MetricsLog.Row, iteration: Int) throws(TrainingError) {
    try events.append(
      row.fields.compactMap { field in field.value.map { ("train/" + field.name, Float($0)) } },
      step: iteration, time: Date().timeIntervalSince1970)
  }

  /// - Parameter fraction: completed fraction of the row's epoch.
  mutating func reportProgress(_ row: MetricsLog.Row, fraction: Double = 1) {
    let batches = (Double(options.epochs - row.epoch) + 1 - fraction) * Double(batchesPerEpoch)
    let secondsLeft = batches * Double(options.batchSize) / max(row.imagesPerSecond, 1e-9)
    for line in table.lines(row, of: options.epochs, fraction: fraction, secondsLeft: secondsLeft) {
      report(line)
    }
  }
}
