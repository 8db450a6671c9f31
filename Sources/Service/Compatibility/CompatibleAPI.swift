import HTTPServer

/// Other services' APIs that this service implements too, so that their clients need no change. docs/compatibility.md lists
/// what is implemented of each.
package enum CompatibleAPI: String, CaseIterable, Sendable {
  /// DeepStack and CodeProject.AI: Blue Iris, Frigate, Home Assistant.
  case deepstack
  /// KServe V2, the Open Inference Protocol: Triton's clients.
  case kserve
  /// DOODS2: Home Assistant.
  case doods
  case torchserve
}

/// The routes of one such API. Only the formats of requests and responses are the API's; detection and problems are the
/// service's own.
protocol CompatibleRoutes: Sendable {
  /// Whether a path belongs to this API, also if it has no route.
  func owns(_ path: String) -> Bool
  func keyLocation(_ head: RequestHead) -> APIKeyLocation
  func add(to router: inout Router, _ instrumentation: RouteInstrumentation)
  /// Formats a problem for this API's clients.
  func response(to problem: Problem) -> Response
}

/// The parts of the service that compatible APIs use.
struct CompatibilityContext: Sendable {
  let pipeline: DetectionPipeline
  let models: ModelRegistry
  let profiles: Profiles
  let modelRoutes: ModelRoutes
  let health: ServiceHealth
  let access: AccessPolicy
  let metrics: ServiceMetrics
  let version: String
  let deepStack: DeepStackDefaults

  func detector(named name: String?) throws(Problem) -> Detector {
    do { return try models.detector(named: name) } catch { throw Problem(error) }
  }
}
