import CoreMetrics
import Metrics
import PrometheusMetrics
import Synchronization
import YOLOX

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The service's metrics. Every label has a bounded number of values: existing routes, and served models and classes.
package final class ServiceMetrics: Sendable {
  package let registry: PrometheusRegistry
  private let inFlight: Meter
  private let connections: Meter
  private let models = Mutex<[String: ModelMetrics]>([:])
  let server: ServerMetrics

  package init(version: String) {
    let registry = PrometheusRegistry(
      descriptions: ServiceMetrics.descriptions.merging(ServerMetrics.descriptions) { first, _ in first })
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

  func imageRejected(reason: String) {
    Counter(label: "yolox_rejected_total", dimensions: [("reason", reason)], factory: registry).increment()
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
    }
    return registry.text
  }

  private static let descriptions: [String: PrometheusRegistry.Description] = [
    "yolox_requests_total": .init("Requests, by route and status."),
    "yolox_request_seconds": .init("Time from a request's last byte to its response, by route."),
    "yolox_rejected_total": .init("Images without a result, by reason."),
    "yolox_requests_in_flight": .init("Requests being handled."),
    "yolox_queue_depth": .init("Images waiting for inference."),
    "yolox_queue_limit": .init("Maximum images in flight."),
    "yolox_queue_wait_seconds": .init(
      "Time from the end of an image's preprocessing to the start of its batch."),
    "yolox_batch_size": .init("Images per batch.", buckets: [1, 2, 4, 8, 16, 32]),
    "yolox_stage_seconds": .init("Time per image, by stage."),
    "yolox_detections_total": .init("Detections, by class."),
    "yolox_model_info": .init("Loaded models; always 1."),
    "yolox_connections": .init("Open connections."),
    "yolox_build_info": .init("The running version; always 1."),
    "process_start_time_seconds": .init("Start time of the process, in seconds since 1970."),
    "process_cpu_seconds_total": .init("CPU time used by the process."),
    "process_resident_memory_bytes": .init("Resident memory."),
    "process_open_fds": .init("Open file descriptors."),
  ]
}
