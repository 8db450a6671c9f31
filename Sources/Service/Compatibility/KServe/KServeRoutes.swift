import Engine
import HTTPServer
import HTTPTypes
import OrderedJSON
import YOLOX

/// KServe's V2 protocol (Open Inference Protocol, REST) with Triton's extensions for binary tensors, model configuration,
/// statistics and the model repository. Shared memory, tracing and gRPC are not supported.
struct KServeRoutes: CompatibleRoutes {
  let context: CompatibilityContext

  private var pipeline: DetectionPipeline { context.pipeline }

  private var models: ModelRegistry { context.models }

  func owns(_ path: String) -> Bool { path == "/v2" || path.hasPrefix("/v2/") }

  func keyLocation(_ head: RequestHead) -> APIKeyLocation {
    head.target.path.hasPrefix("/v2/health/") ? .notRequired : .authorizationOnly
  }

  func add(to router: inout Router, _ instrumentation: RouteInstrumentation) {
    func get(_ path: String, _ handler: @escaping @Sendable (Request) throws(Problem) -> Response) {
      router.on(
        .get, path,
        instrumentation.immediate(path) { request in
          do throws(Problem) { return try handler(request) } catch { return response(to: error) }
        })
    }
    get("/v2", server)
    get("/v2/health/live") { _ in json(["live": true]) }
    get("/v2/health/ready") { _ in
      let isReady = context.health.isReady
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
      router.on(.post, path + "/infer", needsBody: true, instrumentation.suspending(path + "/infer", infer))
    }
    router.on(.post, "/v2/repository/index", instrumentation.immediate("/v2/repository/index", index))
    for (verb, handler) in [("load", load), ("unload", unload)] {
      let path = "/v2/repository/models/{name}/\(verb)"
      router.on(.post, path, instrumentation.suspending(path, handler))
    }
  }

  func response(to problem: Problem) -> Response {
    .json(["error": problem.detail], status: .init(code: problem.status), fields: problem.fields)
  }

  // MARK: Inference

  private func infer(_ request: Request) async -> Response {
    await pipeline.withDeadline(request, problemResponse: response(to:)) {
      request, deadline async throws(Problem) in
      let detector = try detector(request)
      let limits = pipeline.imageLimits
      let (decoded, images, options) = try await pipeline.runOnWorker(deadline, .parsing(request.body)) {
        () throws(Problem) -> (InferRequest, [ImageInput], DetectionOptions) in
        let decoded = try InferRequest(request)
        let images = try decoded.images(for: detector.model, limits: limits)
        var options = try decoded.detection.options(for: detector.model, roundsScores: false)
        options.keepsPredictions = decoded.wantsRaw
        return (decoded, images, options)
      }
      let results = try await pipeline.detect(
        images.map(Result.success), with: detector, options: options,
        slices: try decoded.detection.slices(), deadline: deadline)
      var predictions: [Prediction] = []
      // The protocol cannot express one bad image among good ones.
      for result in results { predictions.append(try result.get().prediction) }
      let response = InferResponse(
        model: detector.model.name, id: decoded.id, outputs: decoded.outputs, predictions: predictions)
      let numbers = predictions.reduce(0) { $0 + ($1.predictions?.count ?? 0) }
      return try await pipeline.encode(
        deadline, detections: predictions.reduce(0) { $0 + $1.detections.count },
        cost: decoded.wantsRaw ? .encoding(numbers: numbers) : nil
      ) { () throws(Problem) in try response.encoded() }
    }
  }

  // MARK: Models

  /// The name in the path, of a known model.
  private func name(_ request: Request) throws(Problem) -> String {
    let name = request.parameters["name"] ?? ""
    guard models.names.contains(name) else {
      throw Problem(ModelRegistryError.unknown(name: name, known: models.names))
    }
    if let version = request.parameters["version"], version != KServeModel.version {
      throw .unknownVersion(version, of: name)
    }
    return name
  }

  private func detector(_ request: Request) throws(Problem) -> Detector {
    try context.detector(named: try name(request))
  }

  private func statistics(_ name: String) -> KServeStatistics.Model {
    KServeStatistics.Model(name, context.metrics.totals(of: name))
  }

  // MARK: Server

  private struct Server: Encodable {
    var name = "swift-yolox"
    let version: String
    var extensions = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]
  }

  private func server(_ request: Request) -> Response { json(Server(version: context.version)) }

  // MARK: Repository

  private func index(_ request: Request) -> Response {
    json(
      models.names.map {
        KServeModel.Entry(name: $0, state: models.loaded($0) == nil ? "UNAVAILABLE" : "READY")
      })
  }

  private func load(_ request: Request) async -> Response {
    do throws(Problem) {
      try await context.modelRoutes.load(request.parameters["name"] ?? "")
      return Response(.ok)
    } catch { return response(to: error) }
  }

  private func unload(_ request: Request) async -> Response {
    do throws(Problem) {
      try context.modelRoutes.unload(request.parameters["name"] ?? "")
      return Response(.ok)
    } catch { return response(to: error) }
  }

  private func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    .json(value, status: status, keyStyle: .snakeCase)
  }
}

extension Problem {
  fileprivate static func unknownVersion(_ version: String, of name: String) -> Problem {
    Problem(
      "no-model", "No such model", .notFound,
      "The model '\(name)' has no version '\(version.excerpt)'; its only version is \(KServeModel.version).")
  }
}
