import HTTPServer
import Logging
import PlatformC

/// The service: models behind an HTTP server, from start to graceful shutdown.
package struct DetectionService: Sendable {
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

  /// Serves until SIGTERM or SIGINT, or until the task is cancelled, then finishes the accepted requests and returns. SIGHUP
  /// reloads API keys, profiles and models.
  ///
  /// Listens before the models are loaded, so that probes can tell a starting service from a broken one.
  package func runUntilSignalled() async throws {
    // SIGHUP is handled before the models are loaded. A model whose file changes while it is read is then loaded again.
    try await withProcessSignals([SIGHUP]) { hangUps in
      let reloading = Task {
        for await _ in hangUps { await reload() }
      }
      // To the end: a second SIGTERM must not kill a service that finishes its requests.
      try await withProcessSignals([SIGTERM, SIGINT]) { signals in
        let stop = Task {
          for await _ in signals { break }
          reloading.cancel()
        }
        try await withTaskCancellationHandler {
          try await run(until: stop)
        } onCancel: {
          stop.cancel()
        }
      }
    }
  }

  /// Serves until `stop` ends, then finishes the accepted requests.
  package func run(until stop: Task<Void, Never>) async throws {
    // Cancelled between two models when the service is told to stop.
    let loading = Task { try await models.loadAll() }
    let watcher = Task {
      await stop.value
      loading.cancel()
    }
    defer {
      watcher.cancel()
      loading.cancel()
    }
    let (server, adminServer) = DetectionService.servers(
      models, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger)
    _ = try adminServer?.start()
    // With socket activation, early clients wait in the service manager's socket instead of getting a 503.
    let isActivated = !configuration.server.inheritedDescriptors.isEmpty
    if isActivated { try await loading.value }
    _ = try server.start()
    // Dispatch opens a descriptor for its clock at the first wait. If that happened under load without free descriptors, the
    // wait would never end.
    await DetectionService.pause(.milliseconds(1))
    if !isActivated {
      do { try await loading.value } catch {
        await server.shutdown(timeout: .zero)
        await adminServer?.shutdown(timeout: .zero)
        throw error
      }
    }
    let manager = configuration.serviceManager
    if !loading.isCancelled {
      readiness.phase = .ready
      logger.info(
        "ready",
        metadata: [
          "addresses": "\((server.addresses + (adminServer?.addresses ?? [])).joined(separator: " "))",
          "threads": .stringConvertible(configuration.threads),
        ].merging(server.addresses.lazy.compactMap(BrowserAddress.url).first.map { ["url": "\($0)"] } ?? [:])
        { $1 })
      manager.notify(.ready)
    }
    let watchdog = Task { await Watchdog(manager: manager, server: server).run() }
    defer { watchdog.cancel() }
    await stop.value
    readiness.phase = .stopping
    manager.notify(.stopping)
    logger.info("stopping", metadata: ["connections": .stringConvertible(server.connectionCount)])
    // Load balancers need time to see /readyz change.
    if configuration.shutdownDelay > .zero { await DetectionService.pause(configuration.shutdownDelay) }
    await server.shutdown(timeout: configuration.shutdownTimeout)
    await adminServer?.shutdown(timeout: .zero)
    await configuration.keeper?.close()
    logger.info("stopped")
  }

  /// Reads the file of API keys and the profiles again, then the files of all loaded models. What cannot be read stays as it
  /// was.
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
    do throws(ProfilesError) {
      try configuration.profiles.reload()
      metrics.reloaded(.profiles, succeeded: true)
    } catch {
      metrics.reloaded(.profiles, succeeded: false)
      logger.error("profiles not reloaded", metadata: ["error": "\(error)"])
    }
    await models.reloadAll()
  }

  private static func pause(_ duration: Duration) async {
    try? await Task.sleep(for: duration)
  }
}

extension ModelRegistry {
  package convenience init(
    _ sources: [ModelSource], configuration: DetectionService.Configuration, metrics: ServiceMetrics,
    logger: Logger
  ) {
    self.init(
      sources, threads: configuration.threads, batching: configuration.batching,
      requestTimeout: configuration.requestTimeout,
      deepStackClasses: configuration.compatibility.contains(.deepstack)
        ? configuration.deepStack.classes : [],
      keptClasses: configuration.keeper?.rules.classes.sorted() ?? [], metrics: metrics, logger: logger)
  }
}

extension DetectionService {
  /// The server with all routes.
  package static func server(
    _ models: ModelRegistry, configuration: Configuration, readiness: Readiness, metrics: ServiceMetrics,
    logger: Logger
  ) -> Server {
    servers(models, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger).main
  }

  /// The server with all routes, and the one for `adminPort`.
  package static func servers(
    _ models: ModelRegistry, configuration: Configuration, readiness: Readiness, metrics: ServiceMetrics,
    logger: Logger
  ) -> (main: Server, admin: Server?) {
    let routes = Routes(
      models: models, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger)
    let connections = ConnectionLimiter()
    let hooks = routes.hooks()
    let server = Server(
      configuration: configuration.server, router: routes.router(connections), connections: connections,
      hooks: hooks)
    metrics.server.observe(server)
    let adminServer = configuration.adminServer.map {
      Server(configuration: $0, router: routes.adminRouter(connections), hooks: hooks)
    }
    if let adminServer { metrics.server.observe(adminServer) }
    return (server, adminServer)
  }
}
