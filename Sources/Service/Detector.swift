import Dispatch
import Engine
import Imaging
import YOLOX

/// Why a picture was not looked at.
package enum DetectorError: Error, Equatable, Sendable {
  /// Too many pictures wait already.
  case overloaded(waiting: Int)
  case stopped

  /// One word, for counting.
  var reason: String {
    switch self {
    case .overloaded: "overloaded"
    case .stopped: "stopped"
    }
  }
}

/// What was found in a picture, and how long it waited.
package struct DetectionResult: Sendable {
  package let outcome: Predictor.Outcome
  /// From the end of preparation to the beginning of the run that the picture was in.
  package let queued: Duration
}

/// Looks at pictures with one network. While a run is under way, requests gather; the next run takes as many of them as
/// it can. Nobody waits for a batch to fill.
///
/// The actor only keeps the queue. Runs happen on a thread of their own, off the pool that Swift's tasks share, so that
/// the service goes on answering meanwhile.
package actor Detector {
  package nonisolated let model: Model

  private struct Job {
    let image: PreparedImage
    let options: DetectionOptions
    let arrived: ContinuousClock.Instant
    let reply: CheckedContinuation<Swift.Result<DetectionResult, DetectorError>, Never>
  }

  private let runner: Runner
  private let maxBatch: Int
  private let queueLimit: Int
  private let metrics: ServiceMetrics?
  private var waiting: [Job] = []
  private var isRunning = false

  /// - Parameters:
  ///   - threads: that share the work of a run.
  ///   - maxBatch: the most pictures in one run.
  ///   - queueLimit: the most pictures that may wait.
  package init(
    _ model: Model, threads: Int, maxBatch: Int = 4, queueLimit: Int = 64, metrics: ServiceMetrics? = nil
  ) {
    self.model = model
    self.maxBatch = maxBatch
    self.queueLimit = queueLimit
    self.metrics = metrics
    runner = Runner(model, threads: threads, capacity: maxBatch)
  }

  /// Runs the network once, so that the first request finds everything in its place.
  package func warmUp() async throws(DetectorError) {
    let blank = Image(width: model.inputSize.width, height: model.inputSize.height, gray: 114)
    _ = try await detect(model.prepare(blank), options: DetectionOptions())
  }

  package func detect(
    _ image: PreparedImage, options: DetectionOptions
  ) async throws(DetectorError) -> DetectionResult {
    guard waiting.count < queueLimit else { throw .overloaded(waiting: waiting.count) }
    let result = await withCheckedContinuation { reply in
      waiting.append(Job(image: image, options: options, arrived: .now, reply: reply))
      metrics?.waiting(waiting.count)
      if !isRunning {
        isRunning = true
        // Unstructured: it serves everybody who waits, not the caller who happened to start it.
        Task { await drain() }
      }
    }
    return try result.get()
  }

  /// Looks at several pictures, as many at a time as fit into a run.
  ///
  /// - Returns: an answer for each, in order; one that cannot be taken in does not keep the others out.
  package func detect(
    _ images: [PreparedImage], options: DetectionOptions
  ) async -> [Swift.Result<DetectionResult, DetectorError>] {
    await withTaskGroup(of: (Int, Swift.Result<DetectionResult, DetectorError>).self) { group in
      for (index, image) in images.enumerated() {
        group.addTask {
          do throws(DetectorError) {
            return (index, .success(try await self.detect(image, options: options)))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      var results: [(Int, Swift.Result<DetectionResult, DetectorError>)] = []
      for await result in group { results.append(result) }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func drain() async {
    while !waiting.isEmpty {
      let batch = Array(waiting.prefix(maxBatch))
      waiting.removeFirst(batch.count)
      metrics?.ran(batch: batch.count, waiting: waiting.count)
      let start = ContinuousClock.now
      let found = await runner.run(batch.map { ($0.image, $0.options) })
      for (job, outcome) in zip(batch, found) {
        job.reply.resume(
          returning: .success(DetectionResult(outcome: outcome, queued: job.arrived.duration(to: start))))
      }
    }
    isRunning = false
  }

  /// The predictor, on its own queue.
  ///
  /// `@unchecked Sendable`: `predictor` is touched on `queue` only, which runs one thing at a time.
  private final class Runner: @unchecked Sendable {
    private let queue = DispatchQueue(label: "detector", qos: .userInitiated)
    private var predictor: Predictor

    init(_ model: Model, threads: Int, capacity: Int) {
      predictor = Predictor(model, capacity: capacity, pool: WorkerPool(threads: threads))
    }

    func run(_ requests: [(image: PreparedImage, options: DetectionOptions)]) async -> [Predictor.Outcome] {
      await withCheckedContinuation { continuation in
        queue.async { continuation.resume(returning: self.predictor.detect(requests)) }
      }
    }
  }
}
