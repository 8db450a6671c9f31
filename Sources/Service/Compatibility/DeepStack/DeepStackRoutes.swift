import HTTPServer
import HTTPTypes
import YOLOX

/// DeepStack's API (its server.go) as CodeProject.AI goes on with it (ServerStatusController.cs): detection with the
/// first model or a named one, and the status that clients poll. There are no faces, scenes or number plates.
struct DeepStackRoutes: CompatibleRoutes {
  let look: DetectionPipeline
  let readiness: Readiness

  func owns(_ path: String) -> Bool {
    ["/v1/vision/", "/v1/status/", "/v1/server/status/", "/v1/module/"].contains { path.hasPrefix($0) }
  }

  /// Cameras know of no keys but a field of the form.
  func keyPlace(_ head: RequestHead) -> APIKeyLocation {
    guard head.target.path.hasPrefix("/v1/vision/") else { return .notNeeded }
    return head.method == .post ? .body : .nowhere
  }

  func add(to router: inout Router, _ observed: RouteInstrumentation) {
    router.on(
      .post, "/v1/vision/detection",
      observed.suspending("/v1/vision/detection") { await detect($0, command: "detect") })
    router.on(
      .post, "/v1/vision/custom/{name}",
      observed.suspending("/v1/vision/custom/{name}") { await detect($0, command: "custom") })
    for method in [HTTPRequest.Method.get, .post] {
      router.on(method, "/v1/vision/custom/list", observed.suspending("/v1/vision/custom/list", list))
    }
    for prefix in ["/v1/status", "/v1/server/status"] {
      let answers: [(name: String, answer: @Sendable (Request) -> Response)] = [
        ("ping", version), ("version", version), ("updateavailable", updates), ("analysis/list", statuses),
        ("modules/list", statuses),
      ]
      for (name, answer) in answers {
        router.on(.get, "\(prefix)/\(name)", observed.immediate("\(prefix)/\(name)", answer))
      }
    }
    router.on(.get, "/v1/module/list/status", observed.immediate("/v1/module/list/status", statuses))
  }

  func response(to problem: Problem) -> Response {
    // DeepStack says 400 of a picture that it cannot read, and its clients know no other number for that.
    let isPicture = [415, 422].contains(problem.status)
    let code = isPicture ? 400 : problem.status
    return .json(
      DeepStackError(error: problem.detail, code: code), status: .init(code: code), fields: problem.fields)
  }

  // MARK: Detection

  private func detect(_ request: Request, command: String) async -> Response {
    let start = ContinuousClock.now
    return await look.answer(request, problem: response(to:)) { lifetime async throws(Problem) in
      let form = try await form(of: request, lifetime)
      guard let picture = form.picture else { throw .noPicture("No valid image file found") }
      let options = DetectionOptions(scoreThreshold: try form.minimumConfidence)
      let detector = try look.models.detector(named: request.parameters["name"])
      let seen = try await look.look(
        at: [.success(.encoded(picture))], with: detector, options: options, lifetime: lifetime)[0].get()
      return .json(
        DeepStackDetections(
          seen, labels: detector.model.labels, command: command, elapsed: start.duration(to: .now)))
    }
  }

  private func list(_ request: Request) async -> Response {
    await look.answer(request, problem: response(to:)) { lifetime async throws(Problem) in
      _ = try await form(of: request, lifetime)
      return .json(DeepStackModelList(models: look.models.names))
    }
  }

  private func form(of request: Request, _ lifetime: RequestDeadline) async throws(Problem) -> DeepStackForm {
    let form = try await look.prepare(lifetime) { () throws(Problem) in try DeepStackForm(request) }
    guard look.configuration.access.admits(request.head, key: form.key) else { throw .unauthorized }
    return form
  }

  // MARK: Status

  private func version(_ request: Request) -> Response {
    let version = look.configuration.version
    return .json(DeepStackVersion(message: version, version: .init(version)))
  }

  /// This service does not call home.
  private func updates(_ request: Request) -> Response {
    let number = DeepStackVersion.Number(look.configuration.version)
    return .json(
      DeepStackVersion(
        message: "This is the current version", version: number, updateAvailable: false, latest: number,
        current: number))
  }

  private func statuses(_ request: Request) -> Response {
    let status =
      switch readiness.phase {
      case .starting: "Starting"
      case .ready: "Started"
      case .stopping: "Stopping"
      }
    return .json(DeepStackStatuses(statuses: [.init(version: look.configuration.version, status: status)]))
  }
}
