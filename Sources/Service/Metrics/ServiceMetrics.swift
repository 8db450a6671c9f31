import CoreMetrics
import Engine
import Metrics
import PlatformC
import PrometheusMetrics
import Synchronization
import YOLOX

/// The service's metrics. Every label has a bounded number of values: existing routes, and served models and classes.
package final class ServiceMetrics: Sendable {
  package let registry: PrometheusRegistry
  private let inFlight: Meter
  private let connections: Meter
  private let models = Mutex<[String: ModelMetrics]>([:])
  /// The labels of `yolox_model_info` by model.
  private let infos = Mutex<[String: [(String, String)]]>([:])
  package let server: ServerMetrics

  package init(version: String) {
    let registry = PrometheusRegistry(
      descriptions: ServiceMetrics.descriptions.merging(ServerMetrics.descriptions) { first, _ in first }
        .merging(KeepMetrics.descriptions) { first, _ in first })
    self.registry = registry
    inFlight = Meter(label: "yolox_requests_in_flight", factory: registry)
    connections = Meter(label: "yolox_connections", factory: registry)
    server = ServerMetrics(registry: registry)
    Meter(label: "yolox_build_info", dimensions: [("version", version)], factory: registry).set(1)
    Meter(label: "process_start_time_seconds", factory: registry).set(Double(time(nil)))
  }

  /// The metrics of a model. They continue those of an earlier model of the same name and classes.
  package func metrics(for model: Model) -> ModelMetrics {
    models.withLock { models in
      if let known = models[model.name], known.labels == model.labels { return known }
      let created = ModelMetrics(model, registry: registry)
      models[model.name] = created
      return created
    }
  }

  /// Exports the description of a model, in place of that of an earlier one of the same name.
  func modelLoaded(_ model: Model) {
    modelUnloaded(model.name)
    let info = [
      ("model", model.name), ("kernels", model.plan.instructionSet),
      ("precision", model.plan.precision.rawValue), ("input", "\(model.inputSize)"),
    ]
    infos.withLock { $0[model.name] = info }
    Meter(label: ServiceMetrics.modelInfo, dimensions: info, factory: registry).set(1)
  }

  func modelUnloaded(_ name: String) {
    guard let info = infos.withLock({ $0.removeValue(forKey: name) }) else { return }
    registry.removeSeries(label: ServiceMetrics.modelInfo, dimensions: info)
  }

  private static let modelInfo = "yolox_model_info"

  enum ReloadTarget: String { case model, keys, profiles }

  func reloaded(_ target: ReloadTarget, succeeded: Bool) {
    let dimensions = [("target", target.rawValue), ("result", succeeded ? "success" : "failure")]
    Counter(label: "yolox_reloads_total", dimensions: dimensions, factory: registry).increment()
  }

  func totals(of model: String) -> ModelTotals { models.withLock { $0[model]?.totals } ?? ModelTotals() }

  func route(_ route: String) -> RouteMetrics { RouteMetrics(route: route, registry: registry) }

  /// Counts a request that reached no route.
  func rejected(status: Int) {
    Counter(
      label: "yolox_requests_total", dimensions: [("route", "none"), ("status", "\(status)")],
      factory: registry
    )
    .increment()
  }

  /// - Parameter model: empty if the request did not get as far as its model.
  func imageRejected(reason: String, model: String) {
    Counter(
      label: "yolox_rejected_total", dimensions: [("reason", reason), ("model", model)], factory: registry
    ).increment()
  }

  /// Sets the gauges of the queues.
  func record(_ workers: QueueLoad, inference: QueueLoad, isStalled: Bool) {
    func set(_ label: String, _ value: Double, _ dimensions: [(String, String)] = []) {
      Meter(label: label, dimensions: dimensions, factory: registry).set(value)
    }
    set("yolox_worker_queue_depth", Double(workers.queued))
    set("yolox_workers_busy", Double(workers.running))
    for (name, load) in [("preprocessing", workers), ("inference", inference)] {
      set("yolox_oldest_job_seconds", load.age.seconds, [("queue", name)])
    }
    set("yolox_stalled", isStalled ? 1 : 0)
  }

  func requestBegan() { inFlight.increment() }
  func requestEnded() { inFlight.decrement() }

  /// All metrics in the Prometheus text format, with the process's read now.
  func text(connections count: Int) -> String {
    connections.set(count)
    if let usage = ProcessUsage() {
      let processor = FloatingPointCounter(label: "process_cpu_seconds_total", factory: registry)
      processor.reset()
      processor.increment(by: usage.processorSeconds)
      Meter(label: "process_resident_memory_bytes", factory: registry).set(usage.residentBytes)
      Meter(label: "process_open_fds", factory: registry).set(usage.openFiles)
      Meter(label: "process_max_fds", factory: registry).set(usage.maxOpenFiles)
    }
    return registry.text
  }

  private static let descriptions: [String: PrometheusRegistry.Description] = [
    "yolox_requests_total": .init("Requests, by route and status."),
    "yolox_request_seconds": .init("Time from a request's last byte to its response, by route."),
    "yolox_rejected_total": .init("Images without a result, by reason and model."),
    "yolox_requests_in_flight": .init("Requests being handled."),
    "yolox_queue_depth": .init("Images waiting for inference."),
    "yolox_queue_limit": .init("Maximum images in flight."),
    "yolox_queue_wait_seconds": .init(
      "Time from the end of an image's preprocessing to the start of its batch."),
    "yolox_batch_size": .init("Images per batch.", buckets: [1, 2, 4, 8, 16, 32]),
    "yolox_stage_seconds": .init("Time per image, by stage."),
    "yolox_detections_total": .init("Detections, by class."),
    "yolox_worker_queue_depth": .init("Jobs waiting for a preprocessing thread."),
    "yolox_workers_busy": .init("Preprocessing threads at work."),
    "yolox_oldest_job_seconds": .init("Age of the oldest waiting or running job, by queue."),
    "yolox_stalled": .init("1 if a job is far beyond its expectation; /readyz is 503 then."),
    "yolox_reloads_total": .init("Reloads of models, API keys and profiles, by result."),
    "process_max_fds": .init("Maximum number of open file descriptors."),
    "yolox_model_info": .init("Loaded models; always 1."),
    "yolox_connections": .init("Open connections."),
    "yolox_build_info": .init("The running version; always 1."),
    "process_start_time_seconds": .init("Start time of the process, in seconds since 1970."),
    "process_cpu_seconds_total": .init("CPU time used by the process."),
    "process_resident_memory_bytes": .init("Resident memory."),
    "process_open_fds": .init("Open file descriptors."),
  ]
}
