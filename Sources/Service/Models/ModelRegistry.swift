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
  private let entries = Mutex<[String: Entry]>([:])
  private let inferenceQueue: InferenceQueue
  private let batching: Batching
  private let requestTimeout: Duration
  /// Of the clients of DeepStack's API; empty for all.
  private let deepStackClasses: [String]
  /// Of images that are kept; empty for all.
  private let keptClasses: [String]
  private let metrics: ServiceMetrics
  private let logger: Logger
  /// Reads files and packs weights, one model at a time, outside Swift's cooperative pool.
  private let loadingQueue = DispatchQueue(label: "models.load")

  /// - Parameter threads: of inference, shared by all models.
  init(
    _ sources: [ModelSource], threads: Int, batching: Batching, requestTimeout: Duration,
    deepStackClasses: [String], keptClasses: [String], metrics: ServiceMetrics, logger: Logger
  ) {
    self.sources = sources
    self.batching = batching
    self.requestTimeout = requestTimeout
    self.deepStackClasses = deepStackClasses
    self.keptClasses = keptClasses
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
  package func loaded(_ name: String) -> Detector? { entries.withLock { $0[name]?.detector } }

  /// Loads a model and replaces the one of the same name.
  ///
  /// - Throws: ``ModelRegistryError/unknown(name:known:)``, or the error of the model's source.
  package func load(_ name: String) async throws {
    guard let source = sources.first(where: { $0.name == name }) else {
      throw ModelRegistryError.unknown(name: name, known: names)
    }
    let load = entries.withLock { $0[name, default: Entry()].beginLoad() }
    defer { entries.withLock { $0[name, default: Entry()].loadsInProgress -= 1 } }
    let model = try await withCheckedThrowingContinuation { continuation in
      loadingQueue.async { continuation.resume(with: Result { try source.load() }) }
    }
    let detector = await Detector(
      model, queue: inferenceQueue, batching: batching, requestTimeout: requestTimeout,
      metrics: metrics.metrics(for: model))
    let isNewest = entries.withLock { entries in
      guard entries[name, default: Entry()].replace(by: detector, from: load) else { return false }
      metrics.modelLoaded(model)
      return true
    }
    guard isNewest else { return }
    logger.info(
      "model loaded",
      metadata: [
        "model": "\(name)", "input": "\(model.inputSize)", "precision": "\(model.plan.precision.rawValue)",
        "kernels": "\(model.plan.instructionSet)", "queue_limit": "\(detector.queueLimit)",
        "milliseconds_per_image": "\(detector.timePerImage.roundedMilliseconds)",
      ])
    for (option, classes) in [("--deepstack-classes", deepStackClasses), ("--keep-classes", keptClasses)] {
      let missing = classes.filter { !model.labels.contains($0) }
      guard !missing.isEmpty else { continue }
      logger.warning(
        "the model does not have all labels of \(option); see 'labels' at /v1/models",
        metadata: ["model": "\(name)", "missing": "\(missing.joined(separator: ","))"])
    }
  }

  /// Loads all models. Ends early, without an error, when the task is cancelled.
  package func loadAll() async throws {
    for source in sources where !Task.isCancelled { try await load(source.name) }
  }

  /// Reloads the models that are loaded or being loaded, until the task is cancelled. A model whose file has become invalid
  /// stays as it was.
  package func reloadAll() async {
    for name in names where isLoadedOrLoading(name) && !Task.isCancelled {
      do {
        try await load(name)
        metrics.reloaded(.model, succeeded: true)
      } catch {
        metrics.reloaded(.model, succeeded: false)
        logger.error("model not reloaded", metadata: ["model": "\(name)", "error": "\(error)"])
      }
    }
  }

  /// A file that is being read may have changed behind the reader.
  private func isLoadedOrLoading(_ name: String) -> Bool {
    entries.withLock { entries in
      guard let entry = entries[name] else { return false }
      return entry.detector != nil || entry.loadsInProgress > 0
    }
  }

  package var hasLoadedModel: Bool { entries.withLock { $0.values.contains { $0.detector != nil } } }

  var inferenceLoad: QueueLoad { inferenceQueue.load }

  /// Unloads a model; its memory is freed after its last request.
  package func unload(_ name: String) throws(ModelRegistryError) {
    guard names.contains(name) else { throw .unknown(name: name, known: names) }
    entries.withLock { entries in
      entries[name, default: Entry()].unload()
      metrics.modelUnloaded(name)
    }
    logger.info("model unloaded", metadata: ["model": "\(name)"])
  }
}

extension ModelRegistry {
  /// What is known of one model. Loads are numbered, because one that began earlier may end later.
  private struct Entry {
    var detector: Detector?
    var loadsInProgress = 0
    /// Of the last load that began.
    private var lastLoad = 0
    /// Of the load that made ``detector``, or the last before it was unloaded.
    private var currentLoad = 0

    mutating func beginLoad() -> Int {
      loadsInProgress += 1
      lastLoad += 1
      return lastLoad
    }

    /// - Returns: whether the load is newer than what is there.
    mutating func replace(by detector: Detector, from load: Int) -> Bool {
      guard load > currentLoad else { return false }
      self.detector = detector
      currentLoad = load
      return true
    }

    mutating func unload() {
      detector = nil
      currentLoad = lastLoad
    }
  }
}
