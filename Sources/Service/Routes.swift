import HTTPServer
import HTTPTypes
import Logging

/// The routes of the service, and what applies to all requests.
struct Routes: Sendable {
  private let health: ServiceHealth
  private let metrics: ServiceMetrics
  private let metricsText = MetricsText()
  private let accessLog: AccessLog
  private let hasAdminPort: Bool
  private let droppedLogLines: @Sendable () -> Int
  private let logger: Logger
  private let access: AccessPolicy
  private let instrumentation: RouteInstrumentation
  private let detectRoute: DetectRoute
  private let modelRoutes: ModelRoutes
  private let profileRoute: ProfileRoute
  private let compatible: [any CompatibleRoutes]

  init(
    models: ModelRegistry, configuration: DetectionService.Configuration, readiness: Readiness,
    metrics: ServiceMetrics, logger: Logger
  ) {
    self.metrics = metrics
    let access = configuration.access
    self.access = access
    instrumentation = RouteInstrumentation(metrics: metrics)
    accessLog = AccessLog(logger: logger)
    hasAdminPort = configuration.adminPort != nil
    droppedLogLines = configuration.droppedLogLines
    self.logger = logger
    let workers = PreprocessingPool(
      count: configuration.threads, maxBytes: configuration.maxDecodingMemory)
    health = ServiceHealth(
      readiness: readiness, models: models, workers: workers, stallTimeout: configuration.stallTimeout)
    let pipeline = DetectionPipeline(
      workers: workers, imageLimits: configuration.imageLimits,
      decodingLimits: DecodingLimits(bytes: configuration.server.limits.body),
      requestTimeout: configuration.requestTimeout, metrics: metrics, access: access,
      responseMemory: MemoryBudget(limit: configuration.maxResponseMemory), keeper: configuration.keeper)
    configuration.keeper?.observe(by: metrics)
    detectRoute = DetectRoute(pipeline: pipeline, models: models, profiles: configuration.profiles)
    profileRoute = ProfileRoute(profiles: configuration.profiles)
    modelRoutes = ModelRoutes(models: models, allowsChanges: access.keys != nil, logger: logger)
    let context = CompatibilityContext(
      pipeline: pipeline, models: models, profiles: configuration.profiles, modelRoutes: modelRoutes,
      health: health, access: access, metrics: metrics, version: configuration.version,
      deepStack: configuration.deepStack)
    compatible = CompatibleAPI.allCases.filter(configuration.compatibility.contains).map {
      $0.routes(context)
    }
  }

  func router(_ connections: ConnectionLimiter) -> Router {
    var router = Router()
    let (instrumentation, models) = (instrumentation, modelRoutes)
    func get(_ path: String, _ handler: @escaping @Sendable (Request) -> Response) {
      router.on(.get, path, instrumentation.immediate(path, handler))
    }

    // `curl -T` sends PUT.
    for method in [HTTPRequest.Method.post, .put] {
      router.on(
        method, "/detect", needsBody: true, instrumentation.suspending("/detect", detectRoute.respond))
    }
    for api in compatible { api.add(to: &router, instrumentation) }

    get("/v1/models", models.list)
    get("/v1/models/{name}", models.one)
    for path in ["/v1/models/{name}/load", "/v1/models/{name}/reload"] {
      router.on(.post, path, instrumentation.suspending(path, models.load))
    }
    router.on(
      .post, "/v1/models/{name}/unload",
      instrumentation.immediate("/v1/models/{name}/unload", models.unload))

    get("/v1/profiles", profileRoute.list)
    addProbes(to: &router)
    if !hasAdminPort { addMetrics(to: &router, connections) }
    get("/openapi.json") { _ in OpenAPIRoute.response }
    for file in PageRoute.files {
      let response = PageRoute.response(file.type, file.bytes)
      get(file.path) { _ in response }
    }
    return router
  }

  /// The routes of `--admin-port`.
  ///
  /// - Parameter connections: those of the other server.
  func adminRouter(_ connections: ConnectionLimiter) -> Router {
    var router = Router()
    addProbes(to: &router)
    addMetrics(to: &router, connections)
    return router
  }

  private func addProbes(to router: inout Router) {
    router.on(
      .get, "/healthz", isExact: true, instrumentation.immediate("/healthz") { _ in Routes.status("ok") })
    router.on(
      .get, "/readyz", isExact: true,
      instrumentation.immediate("/readyz") { [health] _ in health.problem?.response ?? Routes.status("ready")
      })
  }

  private func addMetrics(to router: inout Router, _ connections: ConnectionLimiter) {
    router.on(
      .get, "/metrics", isExact: true,
      instrumentation.immediate("/metrics") { [metrics, metricsText, droppedLogLines, health] _ in
        let text = metricsText.text(at: .now) {
          metrics.server.update(droppedLogLines: droppedLogLines())
          metrics.record(
            health.workers.load, inference: health.models.inferenceLoad, isStalled: health.isStalled)
          return metrics.text(connections: connections.count)
        }
        return Response(.ok, contentType: "text/plain; version=0.0.4; charset=utf-8", text)
      })
  }

  /// Errors, authorization and common fields of all requests.
  func hooks() -> ServerHooks {
    let (instrumentation, access, compatible) = (instrumentation, access, compatible)
    @Sendable func api(of head: RequestHead?) -> (any CompatibleRoutes)? {
      guard let path = head?.target.path else { return nil }
      return compatible.first { $0.owns(path) }
    }
    /// Clients of a compatible API get problems in its format.
    @Sendable func reject(_ problem: Problem, _ head: RequestHead?) -> Response {
      let response = api(of: head)?.response(to: problem) ?? problem.response
      return instrumentation.rejected(response, reason: problem.detail)
    }
    var hooks = ServerHooks { error, head in reject(Problem(error, at: head?.target.path), head) }
    hooks.authorize = { head in
      let location = api(of: head)?.keyLocation(head) ?? .authorizationOnly
      do throws(Problem) {
        return .granted(client: try access.authorize(head, at: .head(location)))
      } catch { return .denied(reject(error, head)) }
    }
    hooks.finalize = { response, head in
      var response = access.crossOrigin.complete(response, to: head)
      if response.fields[.requestID] == nil {
        response.fields[.requestID] = RequestID(head?.fields ?? [:]).text
      }
      response.logFields.requestID = response.fields[.requestID]
      return response
    }
    hooks.isProbe = { Routes.probePaths.contains($0.target.path) }
    hooks.logAccess = { [accessLog] in accessLog.log($0) }
    hooks.handleEvent = { [metrics, logger] in metrics.server.handle($0, logger: logger) }
    return hooks
  }

  private static let probePaths: Set<String> = ["/healthz", "/readyz", "/metrics"]

  private static func status(_ word: String) -> Response {
    Response(.ok, contentType: "application/json", #"{"status":"\#(word)"}"#)
  }
}

extension CompatibleAPI {
  fileprivate func routes(_ context: CompatibilityContext) -> any CompatibleRoutes {
    switch self {
    case .deepstack: DeepStackRoutes(context: context)
    case .kserve: KServeRoutes(context: context)
    case .doods: DOODSRoutes(context: context)
    case .torchserve: TorchServeRoutes(context: context)
    }
  }
}
