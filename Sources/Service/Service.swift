import Dispatch
import Engine
import HTTPServer
import HTTPTypes
import Imaging
import Logging
import Synchronization
import YOLOX

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The service: a detector behind an HTTP server, from start to graceful end.
package struct Service: Sendable {
  package struct Configuration: Sendable {
    package var server = ServerConfiguration()
    package var imageLimits = ImageLimits()
    package var threads = availableProcessors()
    package var version = "development"
    package var maxBatch = 4
    package var queueLimit = 64
    /// How long requests may take to finish once the service is told to stop.
    package var shutdownTimeout = Duration.seconds(30)

    package init() {}
  }

  private let configuration: Configuration
  private let model: Model
  private let logger: Logger

  package init(_ model: Model, configuration: Configuration, logger: Logger) {
    self.model = model
    self.configuration = configuration
    self.logger = logger
  }

  /// Serves until SIGTERM or SIGINT, then answers what has been accepted and returns.
  ///
  /// - Parameter started: told the port once the service is ready.
  package func run(started: @Sendable (Int) -> Void = { _ in }) async throws {
    let stop = StopSignal()
    let metrics = ServiceMetrics(model, version: configuration.version)
    let detector = Detector(
      model, threads: configuration.threads, maxBatch: configuration.maxBatch,
      queueLimit: configuration.queueLimit, metrics: metrics)
    try await detector.warmUp()
    let readiness = Readiness(isReady: true)
    let server = Service.server(
      detector, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger)
    let port = try server.start()
    logger.info(
      "ready",
      metadata: [
        "address": "http://\(configuration.server.host):\(port)", "model": "\(model.name)",
        "input": "\(model.inputSize)", "threads": "\(configuration.threads)",
        "kernels": "\(model.plan.instructionSet)",
      ])
    started(port)
    await stop.wait()
    readiness.isReady = false
    logger.info("stopping", metadata: ["connections": "\(server.connectionCount)"])
    await server.shutdown(timeout: configuration.shutdownTimeout)
    logger.info("stopped")
  }
}

extension Service {
  /// The server with all routes, for a detector that is warm.
  package static func server(
    _ detector: Detector, configuration: Configuration, readiness: Readiness, metrics: ServiceMetrics,
    logger: Logger
  ) -> Server {
    let routes = Routes(
      detector: detector, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger
    )
    let connections = OpenConnections()
    return Server(
      configuration: configuration.server, router: routes.router(connections), connections: connections
    ) { refusal in
      metrics.request(route: "none", status: refusal.status.code)
      return Problem(refusal).response
    }
  }
}

/// Whether the service wants requests: not while it stops.
package final class Readiness: Sendable {
  private let value: Atomic<Bool>

  package init(isReady: Bool) { value = Atomic(isReady) }

  package var isReady: Bool {
    get { value.load(ordering: .acquiring) }
    set { value.store(newValue, ordering: .releasing) }
  }
}

/// SIGTERM and SIGINT, as something to wait for.
///
/// `@unchecked Sendable`: the sources are only kept, never touched after `init`.
private final class StopSignal: @unchecked Sendable {
  private let stream: AsyncStream<Void>
  private let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    self.stream = stream
    sources = [SIGTERM, SIGINT].map { number in
      // The default action would end the process before the source sees the signal.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.yield() }
      source.resume()
      return source
    }
  }

  func wait() async {
    for await _ in stream { return }
  }
}
