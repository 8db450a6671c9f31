import COCO
import Engine
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Runs the epochs of a training run: forward pass, loss, backward pass, optimiser step and EMA for each batch, which a
/// background thread prepares; evaluation and checkpoint after each epoch. All randomness follows from the seed and the
/// iteration.
package final class Trainer {
  package private(set) var state: RunState
  package let executor: TrainingExecutor
  package let ema: ModelEMA
  private let optimizer: SGD
  private let team: ThreadTeam
  private let loader: BatchLoader
  private let validation: DetectionDataset?
  private let folder: String
  private var log: RunLog

  /// - Parameters:
  ///   - weights: initial weights; parameters that do not fit, such as those of another number of classes, are initialised
  ///     randomly.
  ///   - report: called with progress lines.
  package init(
    options: TrainingOptions, training: DetectionDataset, validation: DetectionDataset?,
    weights: PretrainedWeights?, folder: String, processes: ProcessGroup = .single,
    report: @escaping (String) -> Void
  ) throws(TrainingError) {
    guard !training.entries.isEmpty else { throw .emptyDataset(path: folder) }
    guard options.batchSize % processes.count == 0 else {
      throw .processGroup(
        reason: "a batch of \(options.batchSize) cannot be divided among \(processes.count) processes")
    }
    state = RunState(options: options, labels: training.labels)
    team = ThreadTeam(
      threads: options.threads, processes: processes, synchronizesBatchNorm: options.synchronizesBatchNorm)
    executor = TrainingExecutor(
      state.graph, team: team, isBatchNormFrozen: options.freezesBatchNorm, detached: "head.selection_"
    ) {
      options.freezesBackbone && $0.hasPrefix("backbone.")
    }
    executor.initialize(seed: options.seed)
    if let weights {
      let missing = executor.layout.load(weights.parameters, into: executor.parameters)
      if !missing.isEmpty { report("initialised randomly: " + missing.joined(separator: ", ")) }
    }
    optimizer = SGD(executor.layout)
    ema = ModelEMA(executor.parameters, tau: options.emaTau)
    loader = BatchLoader(
      dataset: training, batchSize: options.batchSize, seed: options.seed, augmentation: options.augmentation,
      processes: processes)
    self.validation = validation
    self.folder = folder
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .unwritable(path: folder, reason: "the folder cannot be created")
    }
    log = RunLog(
      folder: folder, options: options, batchesPerEpoch: loader.batchesPerEpoch,
      report: processes.isMain ? report : { _ in })
  }

  /// Restores the state and buffers of a checkpoint.
  package func resume(_ state: RunState, _ tensors: Parameters) throws(TrainingError) {
    guard state.labels == self.state.labels else {
      throw .unusableData(
        path: folder,
        reason: "the run was started with the classes \(state.labels), but the data has \(self.state.labels)")
    }
    for (name, buffer) in buffers {
      guard let tensor = tensors[name], tensor.count == buffer.count else {
        throw .unreadableCheckpoint(path: folder, reason: "\(name) is missing or of another size")
      }
      buffer.set(tensor.values)
    }
    self.state = state
    ema.updates = state.emaUpdates
  }

  private var buffers: [String: FloatBuffer] {
    ["parameters": executor.parameters, "momentum": optimizer.momentumBuffer, "ema": ema.parameters]
  }

  /// How a call of ``run(shouldStop:)`` ended.
  package enum Ending: Sendable { case finished, stopped }

  /// Trains until the last epoch or until `shouldStop` returns `true`.
  ///
  /// - Parameter shouldStop: called after each optimiser step; on `true` the run is saved and left.
  @discardableResult
  package func run(shouldStop: () -> Bool = { false }) throws -> Ending {
    let options = state.options
    let perEpoch = loader.batchesPerEpoch
    let schedule = options.learningRateSchedule(batchesPerEpoch: perEpoch)
    let end = options.epochs * perEpoch
    var next = state.iteration < end ? prefetch(state.iteration) : nil
    if team.processes.isMain { try log.truncate(after: state.epochsDone) }
    // An unwritable folder must fail before the first epoch, not after it.
    if state.iteration == 0 { try save() }
    var timer = ProgressTimer()
    var lastSave = ContinuousClock.now

    while let batch = next, state.iteration < end {
      let (epoch, inEpoch) = (state.iteration / perEpoch, state.iteration % perEpoch)
      let ready = try batch.get()
      next = state.iteration + 1 < end ? prefetch(state.iteration + 1) : nil
      let group = AccumulationGroup(
        batch: inEpoch, batchesPerEpoch: perEpoch, accumulation: options.accumulation)
      let learningRate = schedule.rate(state.iteration)
      let losses = train(ready, usesL1: isNoAugEpoch(epoch), learningRate: learningRate, group: group)
      guard losses.total.isFinite else { throw TrainingError.diverged(epoch: epoch, iteration: inEpoch) }
      state.epochLosses.add(losses)
      state.epochIterations += 1
      state.iteration += 1
      state.emaUpdates = ema.updates
      timer.add(images: options.batchSize)

      if inEpoch == perEpoch - 1 {
        try finishEpoch(epoch, learningRate: learningRate, imagesPerSecond: timer.imagesPerSecond)
        (timer, lastSave) = (ProgressTimer(), .now)
      } else if timer.isLineDue() {
        let row = log.row(
          state, epoch: epoch, learningRate: learningRate, imagesPerSecond: timer.imagesPerSecond)
        log.reportProgress(row, fraction: Double(inEpoch + 1) / Double(perEpoch))
      }
      guard group.isComplete else { continue }
      if isStopRequested(shouldStop()) {
        try save()
        log.report("stopped at iteration \(state.iteration) of \(end); continue with `yolox-train resume`")
        return .stopped
      }
      if ProgressTimer.isDue(&lastSave, every: Trainer.saveInterval) { try save() }
    }
    guard team.processes.isMain else { return .finished }
    try RunReport.write(
      folder: folder, weights: try PretrainedWeights(contentsOf: folder + "/best.safetensors"),
      validation: validation, pool: team.pool)
    log.report("wrote \(folder)/report.html")
    return .finished
  }

  /// Interval of checkpoints within an epoch: epochs of large data sets take hours.
  private static let saveInterval = Duration.seconds(600)

  /// Trains on one batch. Public to benchmarks and tests.
  ///
  /// - Parameter group: the batches whose gradients are accumulated; the optimiser step follows the last of them.
  @discardableResult
  package func train(
    _ batch: Batch, usesL1: Bool, learningRate: Double, group: AccumulationGroup = .single
  ) -> Losses {
    let options = state.options
    var loss = DetectionLoss(assign: options.assignment.assigner(centerRadius: options.centerRadius))
    loss.strides = options.architecture.outputStrides
    loss.usesL1 = usesL1
    loss.boxLoss = IoULoss(rawValue: options.boxLoss) ?? .iou
    executor.forward(batch.images)
    let losses = loss(executor, targets: batch.targets, scale: 1 / Float(group.size), team: team).losses
    guard losses.total.isFinite else { return losses }
    var allReduce = GradientAllReduce(executor, processes: team.processes)
    executor.backward { offset in if group.isComplete { allReduce.isFinal(from: offset) } }
    if group.isComplete {
      allReduce.finish()
      optimizer.step(executor, learningRate: Float(learningRate))
      ema.update(executor.parameters)
    }
    return losses
  }

  /// Whether any process requests a stop. All processes must stop after the same iteration.
  private func isStopRequested(_ stop: Bool) -> Bool {
    var requests = [stop ? 1.0 : 0]
    team.processes.allReduce(&requests)
    return requests[0] > 0
  }

  private func isNoAugEpoch(_ epoch: Int) -> Bool {
    epoch >= state.options.epochs - state.options.noAugEpochs
  }

  private func prefetch(_ iteration: Int) -> Prefetch<Batch> {
    let (epoch, index) = (iteration / loader.batchesPerEpoch, iteration % loader.batchesPerEpoch)
    let size = state.options.inputSize(iteration: iteration)
    let isAugmented = !isNoAugEpoch(epoch)
    return Prefetch { [loader] () throws(TrainingError) in
      try loader.batch(index, epoch: epoch, side: size, isAugmented: isAugmented)
    }
  }

  private func finishEpoch(_ epoch: Int, learningRate: Double, imagesPerSecond: Double) throws {
    state.epochsDone = epoch + 1
    guard team.processes.isMain else {
      (state.epochLosses, state.epochIterations) = (Losses(), 0)
      return
    }
    let ap = try evaluate(epoch)
    let row = log.row(
      state, epoch: epoch, learningRate: learningRate, imagesPerSecond: imagesPerSecond, ap: ap)
    (state.epochLosses, state.epochIterations) = (Losses(), 0)
    // Metrics before the checkpoint: resuming removes a surplus line but cannot restore a missing one.
    try log.append(row)
    try save()
    try log.appendEvents(row, iteration: state.iteration)
    log.reportProgress(row)
  }

  /// Evaluates the averaged weights if an evaluation is due, and keeps the best.
  ///
  /// - Returns: AP, or `nil` if no evaluation is due.
  private func evaluate(_ epoch: Int) throws -> Double? {
    let isDue = (epoch + 1).isMultiple(of: state.options.evalInterval) || epoch + 1 == state.options.epochs
    let weights = try emaWeights()
    guard let validation else {
      try WeightsFile.write(weights, to: folder + "/best.safetensors")
      return nil
    }
    guard isDue else { return nil }
    let ap = try Evaluation(dataset: validation)(weights, pool: team.pool).ap
    if ap > state.bestAP {
      state.bestAP = ap
      try WeightsFile.write(weights, to: folder + "/best.safetensors")
    }
    return ap
  }

  package func save() throws(TrainingError) {
    if team.processes.isMain { try RunCheckpoint.write(state, buffers, in: folder) }
  }

  /// The averaged weights in servable form.
  package func emaWeights() throws -> PretrainedWeights {
    try state.weights(executor.layout.parameters(ema.parameters))
  }
}
