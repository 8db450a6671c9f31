import HTTPServer
import HTTPTypes
import YOLOX

/// TorchServe's inference API (its docs/inference_api.md), with the responses of its `object_detector` handler.
struct TorchServeRoutes: CompatibleRoutes {
  let context: CompatibilityContext

  private var pipeline: DetectionPipeline { context.pipeline }

  func owns(_ path: String) -> Bool { path == "/ping" || path.hasPrefix("/predictions/") }

  func keyLocation(_ head: RequestHead) -> APIKeyLocation {
    head.target.path == "/ping" ? .notRequired : .authorizationOnly
  }

  func add(to router: inout Router, _ instrumentation: RouteInstrumentation) {
    router.on(
      .get, "/ping",
      instrumentation.immediate("/ping") { _ in
        let isReady = context.health.isReady
        return .json(
          ["status": isReady ? "Healthy" : "Unhealthy"], status: isReady ? .ok : .internalServerError)
      })
    // `curl -T` sends PUT.
    for method in [HTTPRequest.Method.post, .put] {
      router.on(
        method, "/predictions/{name}", needsBody: true,
        instrumentation.suspending("/predictions/{name}", predict))
    }
  }

  func response(to problem: Problem) -> Response {
    .json(
      TorchServeError(
        code: problem.status, type: TorchServeRoutes.exception(problem.status), message: problem.detail),
      status: .init(code: problem.status), fields: problem.fields)
  }

  /// TorchServe's name of the exception.
  private static func exception(_ status: Int) -> String {
    switch status {
    case 401, 403: "InvalidKeyException"
    case 404: "ModelNotFoundException"
    case 405: "MethodNotAllowedException"
    case 503: "ServiceUnavailableException"
    case 400..<500: "BadRequestException"
    default: "InternalServerException"
    }
  }

  private func predict(_ request: Request) async -> Response {
    await pipeline.withDeadline(request, problemResponse: response(to:)) {
      request, deadline async throws(Problem) in
      let detector = try context.detector(named: request.parameters["name"])
      let decoded = try await pipeline.runOnWorker(deadline, .parsing(request.body)) {
        () throws(Problem) -> DetectRequest in
        // The path names the model, and the API the format.
        try DetectRequest(
          request, try DetectRequest.BodyFormat(request), without: [.model, .format, .profile])
      }
      let options = try decoded.parameters.options(for: detector.model)
      guard decoded.images.count == 1 else {
        throw .tooManyImages(count: decoded.images.count, limit: 1)
      }
      let result = try await pipeline.detect(
        decoded.images, with: detector, options: options, slices: try decoded.parameters.slices(),
        deadline: deadline)[0].get()
      return try await pipeline.encode(deadline, detections: result.detections.count) {
        .json(result.detections.map { TorchServePrediction($0, labels: detector.model.labels) })
      }
    }
  }
}

/// `{"dog": [x1, y1, x2, y2], "score": 0.85}` (object_detector.py, postprocess).
struct TorchServePrediction: Encodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private let detection: LabelledDetection

  init(_ detection: Detection, labels: [String]) {
    self.detection = LabelledDetection(detection, labels: labels)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    let box = detection.box
    try container.encode([box.x1, box.y1, box.x2, box.y2], forKey: Key(stringValue: detection.label))
    try container.encode(detection.score, forKey: Key(stringValue: "score"))
  }
}

struct TorchServeError: Encodable {
  let code: Int
  let type: String
  let message: String
}
