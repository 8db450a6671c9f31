import HTTPServer
import Logging
import ServiceLifecycle
import UnixSignals

/// The service: models behind an HTTP server, from start to graceful end.
package struct DetectionService: ServiceLifecycle.Service {
  private let configuration: Configuration
  private let models: ModelRegistry
  private let metrics: ServiceMetrics
  private let readiness = Readiness()
  private let logger: Logger

  /// - Parameter sources: at least one model.
  package init(_ sources: [ModelSource], configuration: Configuration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
    metrics = ServiceMetrics(version: configuration.version)
    models = ModelRegistry(sources, configuration: configuration, metrics: metrics, logger: logger)
  }

  /// Serves until it is told to stop, then answers what has been accepted and returns.
  ///
  /// It listens before the models are there, so that probes can tell starting from broken.
  package func run() async throws {
    let server = DetectionService.server(
      models, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger)
    // Not on sockets that a service manager holds: whoever connects waits there, and would get a 503 here.
    let isActivated = !configuration.server.inheritedDescriptors.isEmpty
    if isActivated { try await models.loadAll() }
    _ = try server.start()
    // Dispatch opens a descriptor for a clock when it is first waited for. Now there is one; under load there may be none,
    // and a wait that could not begin does not end.
    await DetectionService.pause(.milliseconds(1))
    if !isActivated {
      do { try await models.loadAll() } catch {
        await server.shutdown(timeout: .zero)
        throw error
      }
    }
    readiness.phase = .ready
    logger.info(
      "ready",
      metadata: [
        "addresses": "\(server.addresses.joined(separator: " "))", "threads": "\(configuration.threads)",
      ])
    try? await gracefulShutdown()
    readiness.phase = .stopping
    logger.info("stopping", metadata: ["connections": "\(server.connectionCount)"])
    // Whoever routes requests here needs a moment to see that it should not any more.
    if configuration.drainDelay > .zero { await DetectionService.pause(configuration.drainDelay) }
    await server.shutdown(timeout: configuration.shutdownTimeout)
    logger.info("stopped")
  }

  /// Serves until SIGTERM or SIGINT; SIGHUP loads all models again.
  package func runUntilSignalled() async throws {
    let group = ServiceGroup(
      services: [self, ReloadOnHangup(models: models)], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() })
    try await group.run()
  }

  private static func pause(_ duration: Duration) async {
    // The task is told to stop already, which must not cut this short.
    await Task.detached { try? await Task.sleep(for: duration) }.value
  }
}

extension DetectionService {
  /// The server with all routes.
  package static func server(
    _ models: ModelRegistry, configuration: Configuration, readiness: Readiness, metrics: ServiceMetrics,
    logger: Logger
  ) -> Server {
    let routes = Routes(
      models: models, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger)
    let connections = ConnectionLimiter()
    return Server(
      configuration: configuration.server, router: routes.router(connections), connections: connections,
      hooks: routes.hooks())
  }
}

/// The way in which service managers ask for configuration to be read again.
private struct ReloadOnHangup: ServiceLifecycle.Service {
  let models: ModelRegistry

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      await models.reloadAll()
    }
  }
}
