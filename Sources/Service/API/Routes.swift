import HTTPServer
import HTTPTypes
import Logging

/// What the service answers: paths and methods, each with what does the work.
struct Routes: Sendable {
  private let configuration: DetectionService.Configuration
  private let readiness: Readiness
  private let metrics: ServiceMetrics
  private let logger: Logger
  private let look: DetectionPipeline
  private let modelRoutes: ModelRoutes
  private let compatible: [any CompatibleRoutes]

  init(
    models: ModelRegistry, configuration: DetectionService.Configuration, readiness: Readiness,
    metrics: ServiceMetrics,
    logger: Logger
  ) {
    self.configuration = configuration
    self.readiness = readiness
    self.metrics = metrics
    self.logger = logger
    let look = DetectionPipeline(
      models: models, workers: PreprocessingPool(count: configuration.threads), configuration: configuration,
      metrics: metrics)
    let modelRoutes = ModelRoutes(
      models: models, allowsChanges: configuration.access.keys != nil, logger: logger)
    self.look = look
    self.modelRoutes = modelRoutes
    compatible = CompatibleAPI.allCases.filter(configuration.compatibility.contains).map {
      $0.routes(look, models: modelRoutes, readiness: readiness)
    }
  }

  func router(_ connections: ConnectionLimiter) -> Router {
    let observed = RouteInstrumentation(metrics: metrics, logger: logger)
    var router = Router()

    router.on(.post, "/detect", observed.suspending("/detect", DetectRoute(look: look).respond))
    for api in compatible { api.add(to: &router, observed) }

    let models = modelRoutes
    router.on(.get, "/v1/models", observed.immediate("/v1/models", models.list))
    router.on(.get, "/v1/models/{name}", observed.immediate("/v1/models/{name}", models.one))
    for path in ["/v1/models/{name}/load", "/v1/models/{name}/reload"] {
      router.on(.post, path, observed.suspending(path, models.load))
    }
    router.on(
      .post, "/v1/models/{name}/unload", observed.immediate("/v1/models/{name}/unload", models.unload))

    router.on(.get, "/healthz", observed.immediate("/healthz") { _ in Routes.status("ok") })
    router.on(
      .get, "/readyz",
      observed.immediate("/readyz") { [readiness] _ in
        switch readiness.phase {
        case .starting: Problem.starting.response
        case .ready: Routes.status("ready")
        case .stopping: Problem.stopping.response
        }
      })
    router.on(
      .get, "/metrics",
      observed.immediate("/metrics") { [metrics] _ in
        Response(
          .ok, contentType: "text/plain; version=0.0.4; charset=utf-8",
          metrics.text(connections: connections.count))
      })
    router.on(
      .get, "/openapi.json",
      observed.immediate("/openapi.json") { _ in
        Response(
          .ok, fields: [.contentType: "application/json"], body: PackageResources.openapi_json)
      })
    for file in Page.files {
      let response = Page.response(file.type, file.bytes)
      router.on(.get, file.path, observed.immediate(file.path) { _ in response })
    }
    return router
  }

  /// What is said to all requests alike.
  func hooks() -> ServerHooks {
    let observed = RouteInstrumentation(metrics: metrics, logger: logger)
    let access = configuration.access
    // A client of another API reads errors as that API writes them.
    @Sendable func api(of head: RequestHead?) -> (any CompatibleRoutes)? {
      guard let path = head?.target.path else { return nil }
      return compatible.first { $0.owns(path) }
    }
    var hooks = ServerHooks { refusal, head in observed.refused(Problem(refusal), by: api(of: head)) }
    hooks.authorize = { head in
      let api = api(of: head)
      let problem = access.refusal(of: head, keyPlace: api?.keyPlace(head) ?? .nowhere)
      return problem.map { observed.refused($0, by: api) }
    }
    hooks.finalize = { response, head in
      guard let head else { return response }
      var response = access.crossOrigin.complete(response, to: head)
      if response.fields[.requestID] == nil { response.fields[.requestID] = RequestID(head.fields).text }
      return response
    }
    return hooks
  }

  private static func status(_ word: String) -> Response {
    Response(.ok, contentType: "application/json", #"{"status":"\#(word)"}"#)
  }
}
