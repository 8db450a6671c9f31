import HTTPServer
import HTTPTypes
import YOLOX

/// DeepStack's API (its server.go) with the extensions of CodeProject.AI (ServerStatusController.cs): detection with the
/// first or a named model, and the status that clients poll. Faces, scenes and number plates are not supported.
struct DeepStackRoutes: CompatibleRoutes {
  let context: CompatibilityContext

  private var pipeline: DetectionPipeline { context.pipeline }

  func owns(_ path: String) -> Bool {
    ["/v1/vision/", "/v1/status/", "/v1/server/status/", "/v1/module/"].contains { path.hasPrefix($0) }
  }

  /// Cameras can send the key only as a field of the form.
  func keyLocation(_ head: RequestHead) -> APIKeyLocation {
    guard head.target.path.hasPrefix("/v1/vision/") else { return .notRequired }
    return head.method == .post ? .body : .authorizationOnly
  }

  func add(to router: inout Router, _ instrumentation: RouteInstrumentation) {
    router.on(
      .post, "/v1/vision/detection", needsBody: true,
      instrumentation.suspending("/v1/vision/detection") { await detect($0, command: "detect") })
    router.on(
      .post, "/v1/vision/custom/{name}", needsBody: true,
      instrumentation.suspending("/v1/vision/custom/{name}") { await detect($0, command: "custom") })
    for method in [HTTPRequest.Method.get, .post] {
      router.on(method, "/v1/vision/custom/list", instrumentation.suspending("/v1/vision/custom/list", list))
    }
    for prefix in ["/v1/status", "/v1/server/status"] {
      let handlers: [(name: String, handler: @Sendable (Request) -> Response)] = [
        ("ping", version), ("version", version), ("updateavailable", updates), ("analysis/list", statuses),
        ("modules/list", statuses),
      ]
      for (name, handler) in handlers {
        router.on(.get, "\(prefix)/\(name)", instrumentation.immediate("\(prefix)/\(name)", handler))
      }
    }
    router.on(.get, "/v1/module/list/status", instrumentation.immediate("/v1/module/list/status", statuses))
  }

  func response(to problem: Problem) -> Response {
    // DeepStack responds to an unreadable image with 400, the only status that its clients know for it.
    let isUnreadableImage = [415, 422].contains(problem.status) && problem.fields[.acceptEncoding] == nil
    let code = isUnreadableImage ? 400 : problem.status
    return .json(
      DeepStackError(error: problem.detail, code: code), status: .init(code: code), fields: problem.fields)
  }

  // MARK: Detection

  private func detect(_ request: Request, command: String) async -> Response {
    let start = ContinuousClock.now
    return await pipeline.withDeadline(request, problemResponse: response(to:)) {
      request, deadline async throws(Problem) in
      let form = try await form(of: request, deadline)
      guard let image = form.image else { throw .noImage("No valid image file found") }
      let name = request.parameters["name"]
      let profile = profile(named: name)
      let parameters = try form.parameters(profile, context.deepStack)
      let detector = try context.detector(named: profile == nil ? name : parameters.modelName)
      let options = try context.deepStack.options(parameters, for: detector.model)
      let result = try await pipeline.detect(
        [.success(.encoded(Array(image)))], with: detector, options: options,
        slices: try parameters.slices(), deadline: deadline)[0].get()
      let elapsed = start.duration(to: .now)
      return try await pipeline.encode(deadline, detections: result.detections.count) {
        .json(
          DeepStackDetections(
            result, labels: detector.model.labels, command: command, elapsed: elapsed))
      }
    }
  }

  /// A custom model is a served model or, where none has its name, a profile.
  private func profile(named name: String?) -> Profiles.Profile? {
    guard let name, !context.models.names.contains(name) else { return nil }
    return context.profiles.profile(named: name)
  }

  private func list(_ request: Request) async -> Response {
    await pipeline.withDeadline(request, problemResponse: response(to:)) {
      request, deadline async throws(Problem) in
      _ = try await form(of: request, deadline)
      return .json(DeepStackModelList(models: context.models.names + context.profiles.names))
    }
  }

  private func form(of request: Request, _ deadline: RequestDeadline) async throws(Problem) -> DeepStackForm {
    try await pipeline.runOnWorker(deadline, .parsing(request.body)) { () throws(Problem) in
      let form = try DeepStackForm(request)
      if let name = try context.access.authorize(request.head, at: .body(key: form.key)) {
        deadline.client = name
      }
      return form
    }
  }

  // MARK: Status

  private func version(_ request: Request) -> Response {
    let version = context.version
    return .json(DeepStackVersion(message: version, version: .init(version)))
  }

  /// Always current: the service checks for no updates.
  private func updates(_ request: Request) -> Response {
    let number = DeepStackVersion.Number(context.version)
    return .json(
      DeepStackVersion(
        message: "This is the current version", version: number, updateAvailable: false, latest: number,
        current: number))
  }

  private func statuses(_ request: Request) -> Response {
    let status =
      switch context.health.readiness.phase {
      case .starting: "Starting"
      case .ready: "Started"
      case .stopping: "Stopping"
      }
    return .json(DeepStackStatuses(statuses: [.init(version: context.version, status: status)]))
  }
}
