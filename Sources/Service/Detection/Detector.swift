import Engine
import Imaging
import Synchronization
import YOLOX

/// Runs one network on batches of images. While a batch runs, images queue; the next batch takes as many of them as fit.
/// An idle detector runs at once unless ``Batching/maxQueueDelay`` is set; a full batch never waits.
///
/// The actor keeps only the queue. Batches run on the inference queue's threads.
package actor Detector {
  package nonisolated let model: Model
  package nonisolated let admission = AdmissionLimiter()
  /// Memory of the weights and of one batch's feature maps.
  package nonisolated let memoryBytes: Int

  private struct Job {
    let id: Int
    let image: PreparedImage
    let options: DetectionOptions
    let deadline: RequestDeadline
    let enqueued: ContinuousClock.Instant
    let continuation: CheckedContinuation<Result<ImageResult, DetectorError>, Never>
  }

  private let runner: BatchRunner
  private let batching: Batching
  private let requestTimeout: Duration
  private nonisolated let estimate: Mutex<LatencyEstimate>
  nonisolated let metrics: ModelMetrics?
  private nonisolated let nextID = Atomic<Int>(0)
  private var queue: [Job] = []
  private var isRunning = false
  /// Set while the next batch waits for more images.
  private var batchReady: CheckedContinuation<Void, Never>?

  /// Warms the network up and measures it.
  ///
  /// - Parameter requestTimeout: bounds the queue to the images that can be served in that time.
  package init(
    _ model: Model, queue inferenceQueue: InferenceQueue, batching: Batching = Batching(),
    requestTimeout: Duration = .seconds(10), metrics: ModelMetrics? = nil
  ) async {
    self.model = model
    self.batching = batching
    self.requestTimeout = requestTimeout
    self.metrics = metrics
    memoryBytes = model.plan.weightBytes + batching.maxBatchSize * model.plan.memoryBytesPerImage
    runner = BatchRunner(model, queue: inferenceQueue, capacity: batching.maxBatchSize)
    estimate = Mutex(LatencyEstimate(await runner.measure()))
    metrics?.setQueueLimit(queueLimit)
  }

  /// The expected time per image under full load.
  package nonisolated var timePerImage: Duration { estimate.withLock(\.timePerImage) }

  /// Maximum images in flight at present.
  package nonisolated var queueLimit: Int {
    batching.queueLimit(for: model.inputSize, timePerImage: timePerImage, timeout: requestTimeout)
  }

  /// Maximum images in flight whatever the latency. A request with more never fits.
  package nonisolated var maxQueueLimit: Int { batching.maxQueueLimit(for: model.inputSize) }

  /// Admits some images for as long as the permit is referenced.
  ///
  /// - Parameters:
  ///   - client: the name of an API key.
  ///   - share: the part of the queue that one key's images may take, 0...1.
  package nonisolated func admit(
    _ count: Int, client: String? = nil, share: Double = 1
  ) throws(DetectorError) -> AdmissionLimiter.Permit {
    let limit = queueLimit
    let clientLimit = max(1, Int(Double(limit) * share))
    let wait = timePerImage * admission.count
    switch admission.tryAcquire(count, limit: limit, client: client, clientLimit: clientLimit) {
    case .admitted(let permit): return permit
    case .queueFull: throw .overloaded(limit: limit, wait: wait)
    case .shareUsed: throw .shareUsed(limit: clientLimit, wait: wait)
    }
  }

  /// Detects objects in an admitted image.
  ///
  /// - Throws: ``DetectorError/expired`` or ``DetectorError/clientDisconnected`` if that happens before the batch starts, at
  ///   once if the task is cancelled then.
  package func detect(
    _ image: PreparedImage, options: DetectionOptions, deadline: RequestDeadline
  ) async throws(DetectorError) -> ImageResult {
    let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    let result = await withTaskCancellationHandler {
      await enqueue(id, image, options, deadline)
    } onCancel: {
      Task { await drop(id) }
    }
    return try result.get()
  }

  private func enqueue(
    _ id: Int, _ image: PreparedImage, _ options: DetectionOptions, _ deadline: RequestDeadline
  ) async -> Result<ImageResult, DetectorError> {
    await withCheckedContinuation { continuation in
      queue.append(
        Job(
          id: id, image: image, options: options, deadline: deadline, enqueued: .now,
          continuation: continuation))
      metrics?.setQueueDepth(queue.count)
      if !isRunning {
        isRunning = true
        // Unstructured, because it serves all queued requests, not only the one that started it.
        Task { await drain() }
      } else if queue.count >= batching.maxBatchSize {
        resumeBatch()
      }
    }
  }

  /// Removes an image whose request is over, so that it takes no memory until the next batch.
  private func drop(_ id: Int) {
    guard let index = queue.firstIndex(where: { $0.id == id }) else { return }
    let job = queue.remove(at: index)
    metrics?.setQueueDepth(queue.count)
    job.continuation.resume(returning: .failure(job.deadline.cancellationReason() ?? .expired))
  }

  private func drain() async {
    while !queue.isEmpty {
      await waitForBatch()
      let batch = nextBatch()
      guard !batch.isEmpty else { continue }
      metrics?.batchStarted(size: batch.count, queueDepth: queue.count)
      let start = ContinuousClock.now
      let predictions = await runner.run(batch.map { ($0.image, $0.options) })
      // Includes the wait for other models' batches, because images under full load wait for those too.
      let duration = start.duration(to: .now)
      estimate.withLock {
        $0.update(
          batchSize: batch.count, duration: duration, isFull: batch.count == batching.maxBatchSize)
      }
      metrics?.setQueueLimit(queueLimit)
      for (job, prediction) in zip(batch, predictions) {
        let result = ImageResult(prediction, of: job.image, queued: job.enqueued.duration(to: start))
        job.continuation.resume(returning: .success(result))
      }
    }
    metrics?.setQueueDepth(0)
    isRunning = false
  }

  /// Returns when the oldest image has waited for `maxQueueDelay`, or the batch is full.
  private func waitForBatch() async {
    guard batching.maxQueueDelay > .zero, queue.count < batching.maxBatchSize, let first = queue.first else {
      return
    }
    let end = first.enqueued.advanced(by: batching.maxQueueDelay)
    let timer = Task {
      try? await Task.sleep(until: end, clock: .continuous)
      // A timer that is cancelled just after its sleep must not end the next wait.
      if !Task.isCancelled { resumeBatch() }
    }
    await withCheckedContinuation { batchReady = $0 }
    timer.cancel()
  }

  private func resumeBatch() {
    batchReady?.resume()
    batchReady = nil
  }

  /// Takes the oldest image off the queue, with the oldest others of its input size, and fails those whose requests are
  /// cancelled.
  private func nextBatch() -> [Job] {
    let now = ContinuousClock.now
    var live: [Job] = []
    for job in queue {
      if let reason = job.deadline.cancellationReason(at: now) {
        job.continuation.resume(returning: .failure(reason))
      } else {
        live.append(job)
      }
    }
    let size = batching.batchSize(timePerImage: timePerImage, isShared: runner.isQueueShared)
    guard let oldest = live.first?.image else {
      queue = []
      return []
    }
    var batch: [Job] = []
    queue = []
    for job in live {
      if batch.count < size, job.image.hasInputSize(of: oldest) {
        batch.append(job)
      } else {
        queue.append(job)
      }
    }
    return batch
  }
}
