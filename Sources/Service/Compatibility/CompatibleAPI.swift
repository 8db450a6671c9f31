import HTTPServer

/// Other services whose APIs this one speaks too, so that their clients need not change. docs/compatibility.md says what
/// is spoken of each.
package enum CompatibleAPI: String, CaseIterable, Sendable {
  /// DeepStack and CodeProject.AI: Blue Iris, Frigate, Home Assistant.
  case deepstack
  /// KServe V2, the Open Inference Protocol: Triton's clients.
  case kserve
  /// DOODS2: Home Assistant.
  case doods
  case torchserve

  func routes(_ look: DetectionPipeline, models: ModelRoutes, readiness: Readiness) -> any CompatibleRoutes {
    switch self {
    case .deepstack: DeepStackRoutes(look: look, readiness: readiness)
    case .kserve: KServeRoutes(look: look, modelRoutes: models, readiness: readiness)
    case .doods: DOODSRoutes(look: look)
    case .torchserve: TorchServeRoutes(look: look, readiness: readiness)
    }
  }
}

/// The routes of such an API. What a picture shows is found by ``DetectionPipeline``, and problems are the service's own; only how
/// requests and answers are written is the API's.
protocol CompatibleRoutes: Sendable {
  /// Whether a path is one of this API's, also if there is nothing at it.
  func owns(_ path: String) -> Bool
  func keyPlace(_ head: RequestHead) -> APIKeyLocation
  func add(to router: inout Router, _ observed: RouteInstrumentation)
  /// A problem as clients of this API read it.
  func response(to problem: Problem) -> Response
}
