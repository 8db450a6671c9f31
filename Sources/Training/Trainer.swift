import COCO
import Engine
import FoundationCompatibility
import Imaging
import YOLOX

/// Runs the epochs of a training run: forward pass, loss, backward pass, optimiser step and EMA for each batch, which a
/// background thread prepares; evaluation and checkpoint after each epoch. All randomness follows from the seed and the
/// iteration.
package final class Trainer {
  package internal(set) var state: RunState
  package let executor: TrainingExecutor
  package let ema: ModelEMA
  private let optimizer: SGD
  let team: ThreadTeam
  let loader: BatchLoader
  let validation: DetectionDataset?
  let folder: String
  var log: RunLog
  let reportFromAnyProcess: (String) -> Void
  /// Whether the initial weights know every class, so that evaluating them says something.
  let startsTrained: Bool
  /// Whether this process has written the last checkpoint.
  private var isLastVerified = false

  /// - Parameters:
  ///   - validation: its classes are matched with those of `training` by name.
  ///   - weights: initial weights; only the rows of classes that they do not know are initialised randomly.
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
    try ClassNames.check(training.labels, path: training.entries[0].path)
    let validation = try validation?.matched(to: training.labels)
    var options = options
    if let weights { options.preprocessing = weights.preprocessing.rawValue }
    state = RunState(options: options, labels: training.labels)
    state.dataFingerprint = training.fingerprint ^ (validation?.fingerprint ?? 0) &* 31
    team = ThreadTeam(
      threads: options.threads, processes: processes, synchronizesBatchNorm: options.synchronizesBatchNorm)
    executor = TrainingExecutor(
      state.graph, team: team, isBatchNormFrozen: options.freezesBatchNorm, detached: "head.selection_"
    ) {
      options.freezesBackbone && $0.hasPrefix("backbone.")
    }
    executor.initialize(seed: options.seed)
    let loader = BatchLoader(
      dataset: training, batchSize: options.batchSize, seed: options.seed, augmentation: options.augmentation,
      preprocessing: options.inputPreprocessing, processes: processes)
    self.loader = loader
    if let weights {
      let side = options.inputSize
      let count = min(loader.batchesPerEpoch, max(1, Trainer.measuredImages / options.batchSize))
      let (knowsAllClasses, lines) = try InitialWeights(weights: weights, labels: training.labels).load(
        into: executor, architecture: options.architecture
      ) { () throws(TrainingError) in
        var batches: [Tensor] = []
        for index in 0..<count {
          batches.append(try loader.batch(index, epoch: 0, side: side, isAugmented: false).images)
        }
        return batches
      }
      startsTrained = knowsAllClasses
      if processes.isMain { for line in lines { report(line) } }
    } else {
      startsTrained = false
    }
    optimizer = SGD(executor.layout, maxGradientNorm: options.maxGradientNorm)
    ema = ModelEMA(executor.parameters, tau: options.emaTau)
    self.validation = validation
    self.folder = folder
    reportFromAnyProcess = report
    log = RunLog(
      folder: folder, options: options, batchesPerEpoch: loader.batchesPerEpoch,
      report: processes.isMain ? report : { _ in })
  }

  /// Number of images on which statistics of folded weights are measured.
  private static let measuredImages = 64

  /// Restores the state and buffers of a checkpoint.
  ///
  /// - Parameter allowsNewData: whether the data may have changed; the run then continues after its last complete epoch.
  package func resume(
    _ state: RunState, _ tensors: Parameters, allowsNewData: Bool = false
  ) throws(TrainingError) {
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
    let fingerprint = self.state.dataFingerprint
    self.state = state
    if state.dataFingerprint != fingerprint {
      guard allowsNewData else { throw .otherData(folder: folder) }
      self.state.dataFingerprint = fingerprint
      self.state.iteration = state.epochsDone * loader.batchesPerEpoch
      (self.state.epochLosses, self.state.epochIterations) = (Losses(), 0)
      // AP on other images is not comparable.
      (self.state.bestAP, self.state.bestEpoch) = (RunState.noAP, state.epochsDone)
    }
    ema.updates = state.emaUpdates
  }

  private var buffers: [String: FloatBuffer] {
    ["parameters": executor.parameters, "momentum": optimizer.momentumBuffer, "ema": ema.parameters]
  }

  /// How a call of ``run(shouldStop:)`` ended.
  package enum Ending: Sendable { case finished, stopped }

  /// Trains until the last epoch or until `shouldStop` returns `true`.
  ///
  /// - Parameters:
  ///   - shouldStop: called after each optimiser step; on `true` the run is saved and left.
  ///   - shouldAbort: called during evaluations; on `true` the evaluation is left, to be repeated by the resumed run.
  @discardableResult
  package func run(
    shouldStop: () -> Bool = { false }, shouldAbort: () -> Bool = { false }
  ) throws -> Ending {
    do {
      return try runEpochs(shouldStop: shouldStop, shouldAbort: shouldAbort)
    } catch is CancellationError {
      try save()
      log.report("stopped in an evaluation; continue with `yolox-train resume`")
      return .stopped
    }
  }

  private func runEpochs(shouldStop: () -> Bool, shouldAbort: () -> Bool) throws -> Ending {
    let options = state.options
    let perEpoch = loader.batchesPerEpoch
    let schedule = options.learningRateSchedule(batchesPerEpoch: perEpoch)
    let end = options.epochs * perEpoch
    var next = state.iteration < end ? prefetch(state.iteration) : nil
    if team.processes.isMain { try log.truncate(after: state.epochsDone) }
    // An unwritable folder must fail before the first epoch, not after it.
    if state.iteration == 0 {
      try save()
      try evaluateInitialWeights(shouldAbort)
    }
    if state.iteration > 0, state.iteration == (state.epochsDone + 1) * perEpoch {
      // The evaluation of this epoch was aborted.
      try finishEpoch(
        state.epochsDone, learningRate: schedule.rate(state.iteration - 1), imagesPerSecond: 0, shouldAbort)
    }
    var timer = ProgressTimer()
    var lastSave = ContinuousClock.now

    while let batch = next, state.iteration < end, !state.hasStoppedEarly {
      let (epoch, inEpoch) = (state.iteration / perEpoch, state.iteration % perEpoch)
      let ready = try batch.get()
      next = state.iteration + 1 < end ? prefetch(state.iteration + 1) : nil
      let group = AccumulationGroup(
        batch: inEpoch, batchesPerEpoch: perEpoch, accumulation: options.accumulation)
      let learningRate = schedule.rate(state.iteration)
      let losses = train(ready, usesL1: isNoAugEpoch(epoch), learningRate: learningRate, group: group)
      reportDamage()
      guard losses.total.isFinite, executor.parameters.isFinite else {
        throw TrainingError.diverged(epoch: epoch, iteration: inEpoch)
      }
      state.epochLosses.add(losses)
      state.epochIterations += 1
      state.iteration += 1
      state.emaUpdates = ema.updates
      timer.add(images: options.batchSize)

      if inEpoch == perEpoch - 1 {
        try finishEpoch(
          epoch, learningRate: learningRate, imagesPerSecond: timer.imagesPerSecond, shouldAbort)
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
    let curves = try RunReport.write(
      folder: folder, options: options,
      weights: try PretrainedWeights(contentsOf: folder + "/best.safetensors"),
      validation: validation, pool: team.pool)
    log.report("wrote \(folder)/report.html")
    for line in try closingLines(curves) { log.report(line) }
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
      ema.update(executor.parameters, in: executor.changingRanges)
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

  private func finishEpoch(
    _ epoch: Int, learningRate: Double, imagesPerSecond: Double, _ shouldAbort: () -> Bool
  ) throws {
    try finishEpochAlone(
      epoch, learningRate: learningRate, imagesPerSecond: imagesPerSecond, shouldAbort)
    // Only the main process evaluates, but all must end together.
    state.hasStoppedEarly = isStopRequested(state.hasStoppedEarly)
  }

  private func finishEpochAlone(
    _ epoch: Int, learningRate: Double, imagesPerSecond: Double, _ shouldAbort: () -> Bool
  ) throws {
    guard team.processes.isMain else {
      state.epochsDone = epoch + 1
      (state.epochLosses, state.epochIterations) = (Losses(), 0)
      return
    }
    let ap = try evaluate(epoch, shouldAbort)
    state.epochsDone = epoch + 1
    let row = log.row(
      state, epoch: epoch, learningRate: learningRate, imagesPerSecond: imagesPerSecond, ap: ap)
    (state.epochLosses, state.epochIterations) = (Losses(), 0)
    // Metrics before the checkpoint: resuming removes a surplus line but cannot restore a missing one.
    try log.append(row)
    try save()
    try log.appendEvents(row, iteration: state.iteration)
    log.reportProgress(row)
  }

  /// Writes a checkpoint, unless a parameter, momentum or average is not finite.
  package func save() throws(TrainingError) {
    guard buffers.values.allSatisfy(\.isFinite) else {
      throw .diverged(
        epoch: state.iteration / loader.batchesPerEpoch, iteration: state.iteration % loader.batchesPerEpoch)
    }
    guard team.processes.isMain else { return }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .unwritable(path: folder, reason: "the folder cannot be created")
    }
    try RunCheckpoint.write(state, buffers, in: folder, isLastVerified: isLastVerified)
    isLastVerified = true
  }

  /// The averaged weights in servable form.
  package func emaWeights() throws -> PretrainedWeights {
    try state.weights(executor.layout.parameters(ema.parameters))
  }
}
