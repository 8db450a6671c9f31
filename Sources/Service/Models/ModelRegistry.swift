import Dispatch
import Engine
import Logging
import Synchronization
import YOLOX

/// The served models by name. Requests that name none get the first.
///
/// A request keeps the detector that it got: a replaced or unloaded model is freed after its last request.
package final class ModelRegistry: Sendable {
  private let sources: [ModelSource]
  private let detectors = Mutex<[String: Detector]>([:])
  private let inferenceQueue: InferenceQueue
  private let batching: Batching
  private let requestTimeout: Duration
  /// Of the clients of DeepStack's API; empty for all.
  private let deepStackClasses: [String]
  private let metrics: ServiceMetrics
  private let logger: Logger
  /// Reads files and packs weights, one model at a time, outside Swift's cooperative pool.
  private let loadingQueue = DispatchQueue(label: "models.load")

  /// - Parameter threads: of inference, shared by all models.
  init(
    _ sources: [ModelSource], threads: Int, batching: Batching, requestTimeout: Duration,
    deepStackClasses: [String], metrics: ServiceMetrics, logger: Logger
  ) {
    self.sources = sources
    self.batching = batching
    self.requestTimeout = requestTimeout
    self.deepStackClasses = deepStackClasses
    self.metrics = metrics
    self.logger = logger
    inferenceQueue = InferenceQueue(threads: threads)
  }

  package var names: [String] { sources.map(\.name) }

  func detector(named name: String?) throws(ModelRegistryError) -> Detector {
    guard let source = name.map({ name in sources.first { $0.name == name } }) ?? sources.first else {
      throw .unknown(name: name ?? "", known: names)
    }
    guard let detector = loaded(source.name) else { throw .notLoaded(name: source.name) }
    return detector
  }

  /// `nil` if the model is unknown or not loaded.
  package func loaded(_ name: String) -> Detector? { detectors.withLock { $0[name] } }

  /// Loads a model and replaces the one of the same name.
  ///
  /// - Throws: ``ModelRegistryError/unknown(name:known:)``, or the error of the model's source.
  package func load(_ name: String) async throws {
    guard let source = sources.first(where: { $0.name == name }) else {
      throw ModelRegistryError.unknown(name: name, known: names)
    }
    let model = try await withCheckedThrowingContinuation { continuation in
      loadingQueue.async { continuation.resume(with: Result { try source.load() }) }
    }
    let detector = await Detector(
      model, queue: inferenceQueue, batching: batching, requestTimeout: requestTimeout,
      metrics: metrics.metrics(for: model))
    detectors.withLock { detectors in
      detectors[name] = detector
      metrics.modelLoaded(model)
    }
    logger.info(
      "model loaded",
      metadata: [
        "model": "\(name)", "input": "\(model.inputSize)", "precision": "\(model.plan.precision.rawValue)",
        "kernels": "\(model.plan.instructionSet)", "queue_limit": "\(detector.queueLimit)",
        "milliseconds_per_image": "\(detector.timePerImage.roundedMilliseconds)",
      ])
    let missing = deepStackClasses.filter { !model.labels.contains($0) }
    if !missing.isEmpty {
      logger.warning(
        "the model does not have all labels of --deepstack-classes; see 'labels' at /v1/models",
        metadata: ["model": "\(name)", "missing": "\(missing.joined(separator: ","))"])
    }
  }

  /// Loads all models. Ends early, without an error, when the task is cancelled.
  package func loadAll() async throws {
    for source in sources where !Task.isCancelled { try await load(source.name) }
  }

  /// Reloads the loaded models, until the task is cancelled. A model whose file has become invalid stays as it was.
  package func reloadAll() async {
    for name in names where loaded(name) != nil && !Task.isCancelled {
      do {
        try await load(name)
        metrics.reloaded(.model, succeeded: true)
      } catch {
        metrics.reloaded(.model, succeeded: false)
        logger.error("model not reloaded", metadata: ["model": "\(name)", "error": "\(error)"])
      }
    }
  }

  package var hasLoadedModel: Bool { detectors.withLock { !$0.isEmpty } }

  var inferenceLoad: QueueLoad { inferenceQueue.load }

  /// Unloads a model; its memory is freed after its last request.
  package func unload(_ name: String) throws(ModelRegistryError) {
    guard names.contains(name) else { throw .unknown(name: name, known: names) }
    detectors.withLock { detectors in
      detectors[name] = nil
      metrics.modelUnloaded(name)
    }
    logger.info("model unloaded", metadata: ["model": "\(name)"])
  }
}
