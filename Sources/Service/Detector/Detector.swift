import Engine
import Imaging
import Synchronization
import YOLOX

/// What was found in a picture, and how long it waited.
package struct DetectionQueueResult: Sendable {
  package let outcome: Prediction
  /// From the end of preparation to the beginning of the run that the picture was in.
  package let queued: Duration
}

/// Looks at pictures with one network. While a run is under way, requests gather; the next run takes as many of them as
/// it can. An idle detector runs at once, unless it is told to wait a little for company; a full run waits for nobody.
///
/// The actor only keeps the queue. Runs happen on the lane's threads, so that the service goes on answering meanwhile.
package actor Detector {
  package nonisolated let model: Model
  package nonisolated let admission = Admission()
  /// What its weights and the maps of a run take.
  package nonisolated let memoryBytes: Int

  private struct Job {
    let image: PreparedImage
    let options: DetectionOptions
    let lifetime: RequestDeadline
    let arrived: ContinuousClock.Instant
    let reply: CheckedContinuation<Result<DetectionQueueResult, DetectorError>, Never>
  }

  private let runner: Runner
  private let batching: Batching
  private let requestTimeout: Duration
  private nonisolated let pace: Mutex<Pace>
  nonisolated let metrics: ModelMetrics?
  private var waiting: [Job] = []
  private var isRunning = false
  /// There while a run waits for company.
  private var companyCame: CheckedContinuation<Void, Never>?

  /// Warms the network up and measures it.
  ///
  /// - Parameters:
  ///   - requestTimeout: what is taken in is few enough to be answered in that time.
  package init(
    _ model: Model, lane: InferenceQueue, batching: Batching = Batching(),
    requestTimeout: Duration = .seconds(10), metrics: ModelMetrics? = nil
  ) async {
    self.model = model
    self.batching = batching
    self.requestTimeout = requestTimeout
    self.metrics = metrics
    memoryBytes = model.plan.weightBytes + batching.most * model.plan.memoryBytesPerImage
    runner = Runner(model, lane: lane, capacity: batching.most)
    pace = Mutex(Pace(await runner.measure()))
    metrics?.limited(to: queueLimit)
  }

  /// What a picture takes when pictures come without a pause.
  package nonisolated var timePerPicture: Duration { pace.withLock(\.timePerPicture) }

  /// How many pictures may be on their way now.
  package nonisolated var queueLimit: Int {
    batching.queueLimit(for: model.inputSize, timePerPicture: timePerPicture, timeout: requestTimeout)
  }

  /// Takes room for some pictures, which is given back with the pass.
  package nonisolated func admit(_ count: Int) throws(DetectorError) -> Admission.Pass {
    let limit = queueLimit
    guard let pass = admission.enter(count, limit: limit) else {
      throw .overloaded(limit: limit, wait: timePerPicture * admission.count)
    }
    return pass
  }

  /// Looks at a picture that has been admitted.
  ///
  /// - Throws: ``DetectorError/expired`` or ``DetectorError/abandoned`` if `lifetime` ends before the picture's turn.
  package func detect(
    _ image: PreparedImage, options: DetectionOptions, lifetime: RequestDeadline
  ) async throws(DetectorError) -> DetectionQueueResult {
    let result = await withCheckedContinuation { reply in
      waiting.append(
        Job(image: image, options: options, lifetime: lifetime, arrived: .now, reply: reply))
      metrics?.waiting(waiting.count)
      if !isRunning {
        isRunning = true
        // Unstructured: it serves everybody who waits, not the caller who happened to start it.
        Task { await drain() }
      } else if waiting.count >= batching.most {
        endWaitForCompany()
      }
    }
    return try result.get()
  }

  private func drain() async {
    while !waiting.isEmpty {
      await waitForCompany()
      let batch = nextBatch()
      guard !batch.isEmpty else { continue }
      metrics?.ran(batch: batch.count, waiting: waiting.count)
      let start = ContinuousClock.now
      let found = await runner.run(batch.map { ($0.image, $0.options) })
      // With the wait for other models' runs: pictures that come without a pause wait for those too.
      let took = start.duration(to: .now)
      pace.withLock { $0.ran(batch.count, in: took, isFull: batch.count == batching.most) }
      metrics?.limited(to: queueLimit)
      for (job, outcome) in zip(batch, found) {
        job.reply.resume(
          returning: .success(DetectionQueueResult(outcome: outcome, queued: job.arrived.duration(to: start)))
        )
      }
    }
    metrics?.waiting(0)
    isRunning = false
  }

  /// Until the first of those who wait has waited for as long as it may, or until the run is full.
  private func waitForCompany() async {
    guard batching.delay > .zero, waiting.count < batching.most, let first = waiting.first else { return }
    let end = first.arrived.advanced(by: batching.delay)
    let alarm = Task {
      try? await Task.sleep(until: end, clock: .continuous)
      // One that was called off, too late for its sleep, must not end the next wait.
      if !Task.isCancelled { endWaitForCompany() }
    }
    await withCheckedContinuation { companyCame = $0 }
    alarm.cancel()
  }

  private func endWaitForCompany() {
    companyCame?.resume()
    companyCame = nil
  }

  /// The first of those who wait. On the way there, whoever waits in vain is told so.
  private func nextBatch() -> [Job] {
    let now = ContinuousClock.now
    var wanted: [Job] = []
    for job in waiting {
      if let end = job.lifetime.end(at: now) {
        job.reply.resume(returning: .failure(end))
      } else {
        wanted.append(job)
      }
    }
    let batch = Array(wanted.prefix(batching.most))
    waiting = Array(wanted.dropFirst(batch.count))
    return batch
  }

  /// The predictor, on the lane.
  ///
  /// `@unchecked Sendable`: `predictor` is touched on the lane only, which runs one thing at a time.
  private final class Runner: @unchecked Sendable {
    private let lane: InferenceQueue
    private let capacity: Int
    private var predictor: Predictor

    init(_ model: Model, lane: InferenceQueue, capacity: Int) {
      self.lane = lane
      self.capacity = capacity
      predictor = Predictor(model, capacity: capacity, pool: lane.pool)
    }

    func run(_ requests: [(image: PreparedImage, options: DetectionOptions)]) async -> [Prediction] {
      await lane.run { self.predictor.detect(requests) }
    }

    /// The first run finds nothing in its place and tells nothing; the following ones tell what is to be expected. A
    /// network that takes long is not kept from its work by measuring whole batches.
    func measure() async -> Duration {
      let model = predictor.model
      let blank = Image(width: model.inputSize.width, height: model.inputSize.height, gray: 114)
      let request = (image: model.prepare(blank), options: DetectionOptions())
      _ = await run([request])
      let alone = await timed(request, count: 1)
      guard alone * capacity < .milliseconds(200) else { return alone }
      return min(alone, await timed(request, count: capacity))
    }

    private func timed(_ request: (image: PreparedImage, options: DetectionOptions), count: Int) async
      -> Duration
    {
      let outcome = await run(Array(repeating: request, count: count)).first
      return (outcome?.inference ?? .zero) / count
    }
  }
}
