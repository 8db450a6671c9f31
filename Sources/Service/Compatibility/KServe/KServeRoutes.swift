import HTTPServer
import HTTPTypes
import YOLOX

/// KServe's V2 protocol (Open Inference Protocol, REST) with Triton's extensions for binary tensors, model configuration,
/// statistics and the model repository. Tensors in shared memory, tracing and gRPC there are not.
struct KServeRoutes: CompatibleRoutes {
  let look: DetectionPipeline
  let modelRoutes: ModelRoutes
  let readiness: Readiness

  private var models: ModelRegistry { look.models }

  func owns(_ path: String) -> Bool { path == "/v2" || path.hasPrefix("/v2/") }

  func keyPlace(_ head: RequestHead) -> APIKeyLocation {
    head.target.path.hasPrefix("/v2/health/") ? .notNeeded : .nowhere
  }

  func add(to router: inout Router, _ observed: RouteInstrumentation) {
    func get(_ path: String, _ answer: @escaping @Sendable (Request) throws(Problem) -> Response) {
      router.on(
        .get, path,
        observed.immediate(path) { request in
          do throws(Problem) { return try answer(request) } catch { return response(to: error) }
        })
    }
    get("/v2", server)
    get("/v2/health/live") { _ in json(["live": true]) }
    get("/v2/health/ready") { _ in
      let isReady = readiness.phase == .ready
      return json(["ready": isReady], status: isReady ? .ok : .serviceUnavailable)
    }
    get("/v2/models/stats") { _ in json(KServeStatistics(modelStats: models.names.map(statistics))) }
    for path in ["/v2/models/{name}", "/v2/models/{name}/versions/{version}"] {
      get(path) { request throws(Problem) in json(KServeModel.Metadata(try detector(request).model)) }
      get(path + "/config") { request throws(Problem) in json(KServeModel.Config(try detector(request).model))
      }
      get(path + "/stats") { request throws(Problem) in
        json(KServeStatistics(modelStats: [statistics(try name(request))]))
      }
      get(path + "/ready") { request throws(Problem) in
        let name = try name(request)
        let isReady = models.loaded(name) != nil
        return json(
          KServeModel.Ready(name: name, ready: isReady), status: isReady ? .ok : .serviceUnavailable)
      }
      router.on(.post, path + "/infer", observed.suspending(path + "/infer", infer))
    }
    router.on(.post, "/v2/repository/index", observed.immediate("/v2/repository/index", index))
    for (verb, change) in [("load", load), ("unload", unload)] {
      let path = "/v2/repository/models/{name}/\(verb)"
      router.on(.post, path, observed.suspending(path, change))
    }
  }

  func response(to problem: Problem) -> Response {
    .json(["error": problem.detail], status: .init(code: problem.status), fields: problem.fields)
  }

  // MARK: Inference

  private func infer(_ request: Request) async -> Response {
    await look.answer(request, problem: response(to:)) { lifetime async throws(Problem) in
      let detector = try detector(request)
      let limits = look.configuration.imageLimits
      let (order, pictures, options) = try await look.prepare(lifetime) {
        () throws(Problem) -> (InferRequest, [ImageInput], DetectionOptions) in
        let order = try InferRequest(request)
        let pictures = try order.pictures(for: detector.model, limits: limits)
        do throws(DetectParameters.Invalid) {
          var options = try order.detection.options(for: detector.model)
          options.keepsPredictions = order.wantsRaw
          return (order, pictures, options)
        } catch { throw Problem(error) }
      }
      let seen = try await look.look(
        at: pictures.map(Result.success), with: detector, options: options, lifetime: lifetime)
      var found: [Prediction] = []
      // The protocol has no word for one bad picture among good ones.
      for picture in seen { found.append(try picture.get().result.outcome) }
      let answer = InferResponse(
        model: detector.model.name, id: order.id, outputs: order.outputs, found: found)
      // Only the network's own numbers are so many that writing them down takes long.
      return order.wantsRaw ? try await look.prepare(lifetime) { answer.response } : answer.response
    }
  }

  // MARK: Models

  /// The name in the path, of a model that there is.
  private func name(_ request: Request) throws(Problem) -> String {
    let name = request.parameters["name"] ?? ""
    guard models.names.contains(name) else { throw .noModel(name, known: models.names) }
    if let version = request.parameters["version"], version != KServeModel.version {
      throw .noModelVersion(version, of: name)
    }
    return name
  }

  private func detector(_ request: Request) throws(Problem) -> Detector {
    try models.detector(named: try name(request))
  }

  private func statistics(_ name: String) -> KServeStatistics.Model {
    KServeStatistics.Model(name, look.metrics.totals(of: name))
  }

  // MARK: Server

  private struct Server: Encodable {
    var name = "swift-yolox"
    let version: String
    var extensions = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]
  }

  private func server(_ request: Request) -> Response { json(Server(version: look.configuration.version)) }

  // MARK: Repository

  private func index(_ request: Request) -> Response {
    json(
      models.names.map {
        KServeModel.Entry(name: $0, state: models.loaded($0) == nil ? "UNAVAILABLE" : "READY")
      })
  }

  private func load(_ request: Request) async -> Response {
    do throws(Problem) {
      try await modelRoutes.load(request.parameters["name"] ?? "")
      return Response(.ok)
    } catch { return response(to: error) }
  }

  private func unload(_ request: Request) async -> Response {
    do throws(Problem) {
      try modelRoutes.unload(request.parameters["name"] ?? "")
      return Response(.ok)
    } catch { return response(to: error) }
  }

  private func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    .json(value, status: status, inSnakeCase: true)
  }
}
