import Dispatch
import Engine
import Logging
import Synchronization
import YOLOX

/// Where a model that is served comes from, so that it can be loaded again.
package struct ModelSource: Sendable {
  package let name: String
  /// Reads and plans the model, which carries the source's name. May take seconds.
  let load: @Sendable () throws -> Model

  package init(name: String, load: @escaping @Sendable () throws -> Model) {
    self.name = name
    self.load = load
  }
}

/// The models that the service knows, by name. The first is the one for requests that name none.
///
/// A request that has found its detector keeps it: what is replaced or dropped meanwhile lives until the last such
/// request is answered.
package final class ModelRegistry: Sendable {
  private let sources: [ModelSource]
  private let detectors = Mutex<[String: Detector]>([:])
  private let lane: InferenceQueue
  private let configuration: DetectionService.Configuration
  private let metrics: ServiceMetrics
  private let logger: Logger
  /// Files are read and weights packed here, one model at a time, off the pool that Swift's tasks share.
  private let loading = DispatchQueue(label: "models.load")

  package init(
    _ sources: [ModelSource], configuration: DetectionService.Configuration, metrics: ServiceMetrics,
    logger: Logger
  ) {
    self.sources = sources
    self.configuration = configuration
    self.metrics = metrics
    self.logger = logger
    lane = InferenceQueue(threads: configuration.threads)
  }

  package var names: [String] { sources.map(\.name) }

  func detector(named name: String?) throws(Problem) -> Detector {
    guard let source = name.map({ name in sources.first { $0.name == name } }) ?? sources.first else {
      throw .noModel(name ?? "", known: names)
    }
    guard let detector = loaded(source.name) else { throw .modelNotLoaded(source.name) }
    return detector
  }

  /// `nil` if it is not known, or not loaded.
  package func loaded(_ name: String) -> Detector? { detectors.withLock { $0[name] } }

  /// Loads a model, in the place of the one of that name.
  package func load(_ name: String) async throws {
    guard let source = sources.first(where: { $0.name == name }) else {
      throw Problem.noModel(name, known: names)
    }
    let model = try await withCheckedThrowingContinuation { continuation in
      loading.async { continuation.resume(with: Result { try source.load() }) }
    }
    let detector = await Detector(
      model, lane: lane, batching: configuration.batching, requestTimeout: configuration.requestTimeout,
      metrics: metrics.of(model))
    detectors.withLock { $0[name] = detector }
    logger.info(
      "model loaded",
      metadata: [
        "model": "\(name)", "input": "\(model.inputSize)", "precision": "\(model.plan.precision.rawValue)",
        "kernels": "\(model.plan.instructionSet)", "queue_limit": "\(detector.queueLimit)",
        "milliseconds_per_picture": "\(detector.timePerPicture.roundedMilliseconds)",
      ])
  }

  package func loadAll() async throws { for source in sources { try await load(source.name) } }

  /// Loads again what is loaded. A file that has become bad leaves the model as it was.
  package func reloadAll() async {
    for name in names where loaded(name) != nil {
      do { try await load(name) } catch {
        logger.error("model not reloaded", metadata: ["model": "\(name)", "error": "\(error)"])
      }
    }
  }

  /// Drops a model; its memory is free once nothing uses it any more.
  package func unload(_ name: String) throws(Problem) {
    guard names.contains(name) else { throw .noModel(name, known: names) }
    detectors.withLock { $0[name] = nil }
    logger.info("model unloaded", metadata: ["model": "\(name)"])
  }
}
