import HTTPServer
import HTTPTypes
import YOLOX

/// TorchServe's inference API (its docs/inference_api.md), answering as its `object_detector` handler does.
struct TorchServeRoutes: CompatibleRoutes {
  let look: DetectionPipeline
  let readiness: Readiness

  func owns(_ path: String) -> Bool { path == "/ping" || path.hasPrefix("/predictions/") }

  func keyPlace(_ head: RequestHead) -> APIKeyLocation { head.target.path == "/ping" ? .notNeeded : .nowhere }

  func add(to router: inout Router, _ observed: RouteInstrumentation) {
    router.on(
      .get, "/ping",
      observed.immediate("/ping") { _ in
        let isReady = readiness.phase == .ready
        return .json(
          ["status": isReady ? "Healthy" : "Unhealthy"], status: isReady ? .ok : .internalServerError)
      })
    // `curl -T` puts.
    for method in [HTTPRequest.Method.post, .put] {
      router.on(method, "/predictions/{name}", observed.suspending("/predictions/{name}", predict))
    }
  }

  func response(to problem: Problem) -> Response {
    .json(
      TorchServeError(
        code: problem.status, type: TorchServeRoutes.exception(problem.status), message: problem.detail),
      status: .init(code: problem.status), fields: problem.fields)
  }

  /// What TorchServe's Java calls it.
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
    await look.answer(request, problem: response(to:)) { lifetime async throws(Problem) in
      let detector = try look.models.detector(named: request.parameters["name"])
      let order = try await look.prepare(lifetime) { () throws(Problem) -> DetectRequest in
        try DetectRequest(request, try DetectRequest.Wrapping(request.fields))
      }
      let options: DetectionOptions
      do throws(DetectParameters.Invalid) {
        options = try order.parameters.options(for: detector.model)
      } catch { throw Problem(error) }
      guard order.pictures.count == 1 else {
        throw .tooManyPictures(count: order.pictures.count, limit: 1)
      }
      let seen = try await look.look(
        at: order.pictures.map { $0.map(ImageInput.encoded) }, with: detector, options: options,
        lifetime: lifetime)[0].get()
      return .json(seen.detections.map { TorchServePrediction($0, labels: detector.model.labels) })
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

  private let found: LabelledDetection

  init(_ detection: Detection, labels: [String]) { found = LabelledDetection(detection, labels: labels) }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(found.score, forKey: Key(stringValue: "score"))
    let box = found.box
    try container.encode([box.x1, box.y1, box.x2, box.y2], forKey: Key(stringValue: found.label))
  }
}

struct TorchServeError: Encodable {
  let code: Int
  let type: String
  let message: String
}
