import CoreMetrics
import Metrics
import PrometheusMetrics
import Synchronization

/// The metrics of one route. Its series begin with its first request, so that unused routes export nothing.
final class RouteMetrics: Sendable {
  private struct Series {
    let seconds: Timer
    /// By status.
    var requests: [Int: Counter] = [:]
  }

  private let route: String
  private let registry: PrometheusRegistry
  private let series = Mutex<Series?>(nil)

  init(route: String, registry: PrometheusRegistry) {
    self.route = route
    self.registry = registry
  }

  /// - Parameter duration: from the request's last byte to its response.
  func responded(_ status: Int, after duration: Duration) {
    series.withLock { series in
      var known = series ?? Series(seconds: timer())
      let requests = known.requests[status] ?? counter(status)
      known.requests[status] = requests
      requests.increment()
      known.seconds.record(duration: duration)
      series = known
    }
  }

  private func timer() -> Timer {
    Timer(label: "yolox_request_seconds", dimensions: [("route", route)], factory: registry)
  }

  private func counter(_ status: Int) -> Counter {
    Counter(
      label: "yolox_requests_total", dimensions: [("route", route), ("status", "\(status)")],
      factory: registry)
  }
}
