import HTTPServer
import Logging
import PlatformC
import ServiceLifecycle
import UnixSignals

/// The service: models behind an HTTP server, from start to graceful shutdown.
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

  /// Serves until graceful shutdown, then finishes the accepted requests and returns.
  ///
  /// Listens before the models are loaded, so that probes can tell a starting service from a broken one.
  package func run() async throws {
    let server = DetectionService.server(
      models, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger)
    // With socket activation, early clients wait in the service manager's socket instead of getting a 503.
    let isActivated = !configuration.server.inheritedDescriptors.isEmpty
    if isActivated { try await models.loadAll() }
    _ = try server.start()
    // Dispatch opens a descriptor for its clock at the first wait. If that happened under load without free descriptors, the
    // wait would never end.
    await DetectionService.pause(.milliseconds(1))
    if !isActivated {
      do { try await models.loadAll() } catch {
        await server.shutdown(timeout: .zero)
        throw error
      }
    }
    if !Task.isShuttingDownGracefully {
      readiness.phase = .ready
      logger.info(
        "ready",
        metadata: [
          "addresses": "\(server.addresses.joined(separator: " "))", "threads": "\(configuration.threads)",
        ])
    }
    try? await gracefulShutdown()
    readiness.phase = .stopping
    logger.info("stopping", metadata: ["connections": "\(server.connectionCount)"])
    // Load balancers need time to see /readyz change.
    if configuration.shutdownDelay > .zero { await DetectionService.pause(configuration.shutdownDelay) }
    await server.shutdown(timeout: configuration.shutdownTimeout)
    logger.info("stopped")
  }

  /// Reads the file of API keys again, then the files of all loaded models. What cannot be read stays as it was.
  package func reload() async {
    if let keys = configuration.access.keys {
      do throws(APIKeysError) {
        try keys.reload()
        metrics.reloaded(.keys, succeeded: true)
        logger.info("API keys reloaded")
      } catch {
        metrics.reloaded(.keys, succeeded: false)
        logger.error("API keys not reloaded", metadata: ["error": "\(error)"])
      }
    }
    await models.reloadAll()
  }

  /// Serves until SIGTERM or SIGINT; SIGHUP reloads API keys and models.
  package func runUntilSignalled() async throws {
    // Until its handler is there, SIGHUP would end the process.
    signal(SIGHUP, SIG_IGN)
    let group = ServiceGroup(
      services: [self, ReloadOnHangup(service: self)], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() })
    try await group.run()
  }

  private static func pause(_ duration: Duration) async {
    // Detached, because the current task is already cancelled.
    await Task.detached { try? await Task.sleep(for: duration) }.value
  }
}

extension ModelRegistry {
  package convenience init(
    _ sources: [ModelSource], configuration: DetectionService.Configuration, metrics: ServiceMetrics,
    logger: Logger
  ) {
    self.init(
      sources, threads: configuration.threads, batching: configuration.batching,
      requestTimeout: configuration.requestTimeout, metrics: metrics, logger: logger)
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

/// Reloads on SIGHUP, as service managers expect of a daemon.
private struct ReloadOnHangup: ServiceLifecycle.Service {
  let service: DetectionService

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      await service.reload()
    }
  }
}
