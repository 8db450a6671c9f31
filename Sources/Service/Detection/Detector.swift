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

  /// Admits some images for as long as the permit is referenced.
  package nonisolated func admit(_ count: Int) throws(DetectorError) -> AdmissionLimiter.Permit {
    let limit = queueLimit
    guard let permit = admission.tryAcquire(count, limit: limit) else {
      throw .overloaded(limit: limit, wait: timePerImage * admission.count)
    }
    return permit
  }

  /// Detects objects in an admitted image.
  ///
  /// - Throws: ``DetectorError/expired`` or ``DetectorError/clientDisconnected`` if that happens before the batch starts.
  package func detect(
    _ image: PreparedImage, options: DetectionOptions, deadline: RequestDeadline
  ) async throws(DetectorError) -> ImageResult {
    let result = await withCheckedContinuation { continuation in
      queue.append(
        Job(image: image, options: options, deadline: deadline, enqueued: .now, continuation: continuation))
      metrics?.setQueueDepth(queue.count)
      if !isRunning {
        isRunning = true
        // Unstructured, because it serves all queued requests, not only the one that started it.
        Task { await drain() }
      } else if queue.count >= batching.maxBatchSize {
        resumeBatch()
      }
    }
    return try result.get()
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

  /// Takes the oldest images off the queue, and fails those whose requests are cancelled.
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
    let batch = Array(live.prefix(batching.maxBatchSize))
    queue = Array(live.dropFirst(batch.count))
    return batch
  }
}
