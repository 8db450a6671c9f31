import CoreMetrics
import HTTPServer
import Logging
import Metrics
import PrometheusMetrics
import Synchronization

/// The metrics of the HTTP servers: what they reject, time out and hold. All series begin with the process, at zero.
package final class ServerMetrics: Sendable {
  private struct Observed {
    weak var server: Server?
  }

  private let rejections: [ServerEvent.RejectionReason: Counter]
  private let timeouts: [ServerEvent.TimeoutPhase: Counter]
  private let evictions: Counter
  private let exhaustions: Counter
  private let droppedLogLines: FloatingPointCounter
  private let bodyMemory: Meter
  private let bodyMemoryLimit: Meter
  private let loopLag: Meter
  private let maxDescriptors: Meter
  private let warnings = LogRateLimit(linesPerSecond: 1)
  private let servers = Mutex<[Observed]>([])

  init(registry: PrometheusRegistry) {
    func counter(_ label: String, _ dimensions: [(String, String)] = []) -> Counter {
      Counter(label: label, dimensions: dimensions, factory: registry)
    }
    rejections = Dictionary(
      uniqueKeysWithValues: ServerEvent.RejectionReason.allCases.map {
        ($0, counter("yolox_connections_rejected_total", [("reason", $0.rawValue)]))
      })
    timeouts = Dictionary(
      uniqueKeysWithValues: ServerEvent.TimeoutPhase.allCases.map {
        ($0, counter("yolox_timeouts_total", [("phase", $0.rawValue)]))
      })
    evictions = counter("yolox_idle_connections_evicted_total")
    exhaustions = counter("yolox_descriptors_exhausted_total")
    droppedLogLines = FloatingPointCounter(label: "yolox_log_lines_dropped_total", factory: registry)
    bodyMemory = Meter(label: "yolox_body_memory_bytes", factory: registry)
    bodyMemoryLimit = Meter(label: "yolox_body_memory_limit_bytes", factory: registry)
    loopLag = Meter(label: "yolox_event_loop_lag_seconds", factory: registry)
    maxDescriptors = Meter(label: "process_max_fds", factory: registry)
  }

  /// Adds the state of `server` to the metrics, as long as it exists.
  func observe(_ server: Server) { servers.withLock { $0.append(Observed(server: server)) } }

  package func handle(_ event: ServerEvent, logger: Logger) {
    switch event {
    case .connectionRejected(let reason): rejections[reason]?.increment()
    case .idleConnectionEvicted: evictions.increment()
    case .timeout(let phase): timeouts[phase]?.increment()
    case .descriptorsExhausted:
      exhaustions.increment()
      guard let skipped = warnings.admit(at: .now) else { return }
      logger.warning(
        "no free file descriptor for a connection; raise the limit (ulimit -n, LimitNOFILE=)",
        metadata: ["skipped_lines": .stringConvertible(skipped)])
    case .connectionLimitReduced(let configured, let possible):
      logger.warning(
        "the limit of file descriptors (ulimit -n, LimitNOFILE=) is too low for --max-connections",
        metadata: ["configured": .stringConvertible(configured), "effective": .stringConvertible(possible)])
    }
  }

  /// Reads what is measured at the time of a scrape.
  package func update(droppedLogLines dropped: Int) {
    let servers = servers.withLock { observed in
      observed.removeAll { $0.server == nil }
      return observed.compactMap(\.server)
    }
    bodyMemory.set(servers.map(\.bodyMemoryUsed).reduce(0, +))
    bodyMemoryLimit.set(servers.map(\.configuration.maxBodyMemory).max() ?? 0)
    loopLag.set(servers.map(\.loopLag).max().map(seconds) ?? 0)
    maxDescriptors.set(DescriptorLimit.current ?? 0)
    droppedLogLines.reset()
    droppedLogLines.increment(by: Double(dropped))
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  static let descriptions: [String: PrometheusRegistry.Description] = [
    "yolox_connections_rejected_total": .init("Connections rejected, by reason."),
    "yolox_timeouts_total": .init("Connections ended by a timeout, by phase."),
    "yolox_idle_connections_evicted_total": .init("Idle connections closed to make room for new ones."),
    "yolox_descriptors_exhausted_total": .init(
      "Failures to accept a connection because no file descriptor was free."),
    "yolox_log_lines_dropped_total": .init("Log lines dropped because nobody read the log fast enough."),
    "yolox_body_memory_bytes": .init("Memory of request bodies."),
    "yolox_body_memory_limit_bytes": .init("Maximum memory of request bodies."),
    "yolox_event_loop_lag_seconds": .init("How late the slowest event loop ran in the last half second."),
    "process_max_fds": .init("Maximum open file descriptors."),
  ]
}
