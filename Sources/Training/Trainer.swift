import COCO
import Engine
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Runs the epochs: batches made ahead, forward, loss, backward, step, average; at the end of an epoch evaluation and
/// checkpoints. Everything random follows from the seed and the iteration's number.
package final class Trainer {
  package private(set) var state: RunState
  package let pass: TrainingExecutor
  package let average: ModelEMA
  private let optimizer: SGD
  private let crew: Crew
  private let loader: BatchLoader
  private let validation: DetectionDataset?
  private let folder: String
  private var metrics: MetricsLog
  private var events: TensorBoardLog
  private let report: (String) -> Void

  /// - Parameters:
  ///   - weights: to start from; what does not fit (another number of classes) starts anew.
  ///   - report: takes lines for people.
  package init(
    options: TrainingOptions, training: DetectionDataset, validation: DetectionDataset?,
    weights: PretrainedWeights?, folder: String, peers: ProcessGroup = .alone,
    report: @escaping (String) -> Void
  ) throws(TrainingError) {
    guard !training.entries.isEmpty else { throw .emptyDataset(path: folder) }
    guard options.batchSize % peers.count == 0 else {
      throw .noPeers(
        reason: "a batch of \(options.batchSize) cannot be shared among \(peers.count) processes")
    }
    state = RunState(options: options, labels: training.labels)
    crew = Crew(
      threads: options.threads, peers: peers, synchronizesStatistics: options.synchronizesStatistics)
    let graph = state.graph
    pass = TrainingExecutor(
      graph, crew: crew, isStatisticsFrozen: options.freezesStatistics, detached: "head.selection_"
    ) {
      options.freezesBackbone && $0.hasPrefix("backbone.")
    }
    pass.initialize(seed: options.seed)
    if let weights {
      let missing = pass.layout.load(weights.parameters, into: pass.parameters)
      if !missing.isEmpty { report("starting anew: " + missing.joined(separator: ", ")) }
    }
    optimizer = SGD(pass.layout)
    average = ModelEMA(pass.parameters, ramp: options.averageRamp)
    loader = BatchLoader(
      dataset: training, batchSize: options.batchSize, seed: options.seed, augmentation: options.augmentation,
      peers: peers)
    self.validation = validation
    self.folder = folder
    self.report = peers.isFirst ? report : { _ in }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .unwritable(path: folder, reason: "cannot be made")
    }
    metrics = MetricsLog(folder: folder)
    events = TensorBoardLog(folder: folder, time: Date().timeIntervalSince1970)
  }

  /// Takes up a run where a checkpoint left it.
  package func resume(_ state: RunState, _ tensors: Parameters) throws(TrainingError) {
    guard state.labels == self.state.labels else {
      throw .unusableData(
        path: folder,
        reason: "the run was begun with the classes \(state.labels), the data has \(self.state.labels)")
    }
    for (name, buffer) in buffers {
      guard let tensor = tensors[name], tensor.count == buffer.count else {
        throw .unreadableCheckpoint(path: folder, reason: "\(name) is missing or of another size")
      }
      buffer.set(tensor.values)
    }
    self.state = state
    average.updates = state.averageUpdates
  }

  private var buffers: [String: FloatBuffer] {
    ["parameters": pass.parameters, "momentum": optimizer.momentumBuffer, "average": average.parameters]
  }

  /// How a call of ``run(shouldStop:)`` ended.
  package enum Ending: Sendable { case finished, stopped }

  /// - Parameter shouldStop: asked after each step; on `true` the run is saved and left.
  @discardableResult
  package func run(shouldStop: () -> Bool = { false }) throws -> Ending {
    let options = state.options
    let perEpoch = loader.batchesPerEpoch
    let rates = options.learningRate(batchesPerEpoch: perEpoch)
    let end = options.epochs * perEpoch
    var next = state.iteration < end ? prefetch(state.iteration) : nil
    if crew.peers.isFirst { try metrics.cut(after: state.epochsDone) }
    // A folder that cannot take a checkpoint is better known before the first epoch than after it.
    if state.iteration == 0 { try save() }
    var pace = Pace()
    var lastSave = ContinuousClock.now

    while let batch = next, state.iteration < end {
      let (epoch, inEpoch) = (state.iteration / perEpoch, state.iteration % perEpoch)
      let ready = try batch.get()
      next = state.iteration + 1 < end ? prefetch(state.iteration + 1) : nil
      let group = AccumulationGroup(
        batch: inEpoch, batchesPerEpoch: perEpoch, accumulation: options.accumulation)
      let rate = rates.rate(state.iteration)
      let losses = step(ready, usesL1: isPlain(epoch), rate: rate, group: group)
      guard losses.total.isFinite else { throw TrainingError.diverged(epoch: epoch, iteration: inEpoch) }
      state.epochLosses.add(losses)
      state.epochIterations += 1
      state.iteration += 1
      state.averageUpdates = average.updates
      pace.add(images: options.batchSize)

      if inEpoch == perEpoch - 1 {
        try finishEpoch(epoch, rate: rate, imagesPerSecond: pace.imagesPerSecond)
        (pace, lastSave) = (Pace(), .now)
      } else if pace.isLineDue() {
        let row = row(epoch, rate: rate, imagesPerSecond: pace.imagesPerSecond)
        reportProgress(row, part: Double(inEpoch + 1) / Double(perEpoch))
      }
      guard group.isComplete else { continue }
      if anyoneWants(shouldStop()) {
        try save()
        report("stopped; `yolox-train resume` goes on from iteration \(state.iteration) of \(end)")
        return .stopped
      }
      if Pace.isDue(&lastSave, every: Trainer.saveInterval) { try save() }
    }
    guard crew.peers.isFirst else { return .finished }
    try RunReport.write(
      folder: folder, weights: try PretrainedWeights(contentsOf: folder + "/best.safetensors"),
      validation: validation, pool: crew.pool)
    report("\(folder)/report.html shows how it went")
    return .finished
  }

  /// Epochs of large data sets take hours.
  private static let saveInterval = Duration.seconds(600)

  /// One iteration. Public to benchmarks and tests.
  ///
  /// - Parameter group: the batches whose gradients are added up for one step, which follows the last of them.
  @discardableResult
  package func step(
    _ batch: Batch, usesL1: Bool, rate: Double, group: AccumulationGroup = .single
  ) -> Losses {
    let options = state.options
    var loss = DetectionLoss(assign: options.assignment.assigner(centerRadius: options.centerRadius))
    loss.strides = options.architecture.outputStrides
    loss.usesL1 = usesL1
    loss.boxLoss = IoULoss(rawValue: options.boxLoss) ?? .iou
    pass.forward(batch.images)
    let outcome = loss(pass, targets: batch.targets, scale: 1 / Float(group.size), crew: crew)
    guard outcome.losses.total.isFinite else { return outcome.losses }
    var exchange = GradientAllReduce(pass, peers: crew.peers)
    pass.backward { offset in if group.isComplete { exchange.isFinal(from: offset) } }
    if group.isComplete {
      exchange.finish()
      optimizer.step(pass, rate: Float(rate))
      average.update(pass.parameters)
    }
    return outcome.losses
  }

  /// Whether this process or one beside it is to stop: all of them have to after the same iteration.
  private func anyoneWants(_ stop: Bool) -> Bool {
    var wishes = [stop ? 1.0 : 0]
    crew.peers.sum(&wishes)
    return wishes[0] > 0
  }

  private func isPlain(_ epoch: Int) -> Bool { epoch >= state.options.epochs - state.options.plainEpochs }

  private func prefetch(_ iteration: Int) -> Prefetch<Batch> {
    let (epoch, index) = (iteration / loader.batchesPerEpoch, iteration % loader.batchesPerEpoch)
    let side = state.options.side(iteration: iteration)
    let isAugmented = !isPlain(epoch)
    return Prefetch { [loader] () throws(TrainingError) in
      try loader.batch(index, epoch: epoch, side: side, isAugmented: isAugmented)
    }
  }

  private func row(_ epoch: Int, rate: Double, imagesPerSecond: Double, ap: Double? = nil) -> MetricsLog.Row {
    MetricsLog.Row(
      epoch: epoch + 1, losses: state.epochLosses.divided(by: Float(state.epochIterations)), rate: rate,
      imagesPerSecond: imagesPerSecond, ap: ap)
  }

  /// - Parameter part: of the row's epoch, how much has been done.
  private func reportProgress(_ row: MetricsLog.Row, part: Double = 1) {
    let options = state.options
    let batches = (Double(options.epochs - row.epoch) + 1 - part) * Double(loader.batchesPerEpoch)
    let secondsLeft = batches * Double(options.batchSize) / row.imagesPerSecond
    report(row.line(of: options.epochs, part: part, secondsLeft: secondsLeft))
  }

  private func finishEpoch(_ epoch: Int, rate: Double, imagesPerSecond: Double) throws {
    state.epochsDone = epoch + 1
    guard crew.peers.isFirst else {
      (state.epochLosses, state.epochIterations) = (Losses(), 0)
      return
    }
    var ap: Double?
    let isDue =
      (epoch + 1).isMultiple(of: state.options.evaluationInterval) || epoch + 1 == state.options.epochs
    let weights = try averageWeights()
    if isDue, let validation {
      let measured = try Evaluation(dataset: validation)(weights, pool: crew.pool).ap
      ap = measured
      if measured > state.bestAP {
        state.bestAP = measured
        try WeightsFile.write(weights, to: folder + "/best.safetensors")
      }
    } else if validation == nil {
      try WeightsFile.write(weights, to: folder + "/best.safetensors")
    }
    let row = row(epoch, rate: rate, imagesPerSecond: imagesPerSecond, ap: ap)
    (state.epochLosses, state.epochIterations) = (Losses(), 0)
    // Before the checkpoint: a line too many is cut off when the run is resumed, one too few would not come back.
    try metrics.append(row)
    try save()
    try events.append(
      row.fields.compactMap { field in field.value.map { ("train/" + field.name, Float($0)) } },
      step: state.iteration, time: Date().timeIntervalSince1970)
    reportProgress(row)
  }

  package func save() throws(TrainingError) {
    if crew.peers.isFirst { try RunCheckpoint.write(state, buffers, in: folder) }
  }

  /// The slow copy as weights that can be served.
  package func averageWeights() throws -> PretrainedWeights {
    try state.weights(pass.layout.parameters(average.parameters))
  }
}
