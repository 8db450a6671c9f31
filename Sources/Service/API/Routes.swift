import HTTPServer
import HTTPTypes
import Logging

/// What the service answers: paths and methods, each with what does the work.
struct Routes: Sendable {
  let models: ServedModels
  let configuration: Service.Configuration
  let readiness: Readiness
  let metrics: ServiceMetrics
  let logger: Logger

  func router(_ connections: OpenConnections) -> Router {
    let observed = Observation(metrics: metrics, logger: logger)
    var router = Router()

    let look = Look(
      models: models, workers: PreparationWorkers(count: configuration.threads), configuration: configuration,
      metrics: metrics)
    router.on(.post, "/detect", observed.suspending("/detect", DetectRoute(look: look).respond))

    let models = ModelRoutes(
      models: models, allowsChanges: configuration.access.keys != nil, logger: logger)
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
  func policy() -> ServerPolicy {
    let observed = Observation(metrics: metrics, logger: logger)
    let access = configuration.access
    var policy = ServerPolicy { refusal, _ in observed.refused(Problem(refusal)) }
    policy.screened = { head in access.refusal(of: head).map(observed.refused) }
    policy.completed = { response, head in
      guard let head else { return response }
      var response = access.crossOrigin.complete(response, to: head)
      if response.fields[.requestID] == nil { response.fields[.requestID] = RequestID(head.fields).text }
      return response
    }
    return policy
  }

  private static func status(_ word: String) -> Response {
    Response(.ok, contentType: "application/json", #"{"status":"\#(word)"}"#)
  }
}
