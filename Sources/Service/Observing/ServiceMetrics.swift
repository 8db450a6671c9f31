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

/// What the service counts. Every label has few values: routes are those that exist, models and classes those that are
/// served.
package final class ServiceMetrics: Sendable {
  package let registry: PrometheusRegistry
  private let inFlight: Meter
  private let connections: Meter
  private let models = Mutex<[String: ModelMetrics]>([:])

  package init(version: String) {
    let registry = PrometheusRegistry(descriptions: ServiceMetrics.descriptions)
    self.registry = registry
    inFlight = Meter(label: "yolox_requests_in_flight", factory: registry)
    connections = Meter(label: "yolox_connections", factory: registry)
    Meter(label: "yolox_build_info", dimensions: [("version", version)], factory: registry).set(1)
    Meter(label: "process_start_time_seconds", factory: registry).set(Double(time(nil)))
  }

  /// The numbers of a model; they go on where a model of the same name and classes has left them.
  package func of(_ model: Model) -> ModelMetrics {
    models.withLock { models in
      if let known = models[model.name], known.labels == model.labels { return known }
      let made = ModelMetrics(model, registry: registry)
      models[model.name] = made
      return made
    }
  }

  func totals(of model: String) -> ModelTotals { models.withLock { $0[model]?.totals } ?? ModelTotals() }

  func route(_ route: String) -> RouteMetrics { RouteMetrics(route: route, registry: registry) }

  /// A request that reached no route.
  func refused(_ status: Int) {
    Counter(
      label: "yolox_requests_total", dimensions: [("route", "none"), ("status", "\(status)")],
      factory: registry
    )
    .increment()
  }

  func rejected(_ reason: String) {
    Counter(label: "yolox_rejected_total", dimensions: [("reason", reason)], factory: registry).increment()
  }

  func requestBegan() { inFlight.increment() }
  func requestEnded() { inFlight.decrement() }

  /// All numbers, with those of the process read anew.
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
    "yolox_requests_total": .init("Requests by route and status."),
    "yolox_request_seconds": .init("From a request's last byte to its answer, by route."),
    "yolox_rejected_total": .init("Pictures that were not looked at, by reason."),
    "yolox_requests_in_flight": .init("Requests that are being answered."),
    "yolox_queue_depth": .init("Pictures that wait for the network."),
    "yolox_queue_limit": .init("Pictures that may be on their way."),
    "yolox_queue_wait_seconds": .init("From a picture's preparation to the start of its run."),
    "yolox_batch_size": .init("Pictures in a run of the network.", buckets: [1, 2, 4, 8, 16, 32]),
    "yolox_stage_seconds": .init("What each stage of a request takes."),
    "yolox_detections_total": .init("Objects found, by class."),
    "yolox_model_info": .init("What is loaded; always 1."),
    "yolox_connections": .init("Open connections."),
    "yolox_build_info": .init("What is running; always 1."),
    "process_start_time_seconds": .init("When the process started, in seconds since 1970."),
    "process_cpu_seconds_total": .init("Processor time used."),
    "process_resident_memory_bytes": .init("Memory in use."),
    "process_open_fds": .init("Open file descriptors."),
  ]
}
