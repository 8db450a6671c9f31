import FoundationCompatibility
import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// DOODS2's API (its api.py and doods.py) below `/doods`, because its `/detect` differs from this service's. URLs are not
/// fetched, and streams are not supported.
struct DOODSRoutes: CompatibleRoutes {
  let context: CompatibilityContext

  private var pipeline: DetectionPipeline { context.pipeline }

  /// The detector name that clients send by default.
  private static let defaultName = "default"

  func owns(_ path: String) -> Bool { path.hasPrefix("/doods/") }

  /// Where pydoods sends the key.
  func keyLocation(_ head: RequestHead) -> APIKeyLocation { .field(.doodsAuthKey) }

  func add(to router: inout Router, _ instrumentation: RouteInstrumentation) {
    router.on(.get, "/doods/detectors", instrumentation.immediate("/doods/detectors", detectors))
    router.on(.post, "/doods/detect", needsBody: true, instrumentation.suspending("/doods/detect", detect))
  }

  func response(to problem: Problem) -> Response {
    .json(
      DOODSResponse(detections: [], error: problem.detail), status: .init(code: problem.status),
      fields: problem.fields)
  }

  // MARK: Detectors

  /// The loaded models, and the first also under the default name.
  private func detectors(_ request: Request) -> Response {
    let names = context.models.names
    let aliases =
      names.contains(DOODSRoutes.defaultName) ? [] : names.prefix(1).map { (DOODSRoutes.defaultName, $0) }
    let list = (aliases + names.map { ($0, $0) }).compactMap { alias, name -> DOODSDetectors.Detector? in
      guard let model = context.models.loaded(name)?.model else { return nil }
      return .init(
        name: alias, model: name, labels: model.labels, width: model.inputSize.width,
        height: model.inputSize.height)
    }
    return .json(DOODSDetectors(detectors: list))
  }

  private func detector(named name: String?) throws(Problem) -> Detector {
    guard let name, !name.isEmpty else { return try context.detector(named: nil) }
    let isAlias = name == DOODSRoutes.defaultName && !context.models.names.contains(name)
    return try context.detector(named: isAlias ? nil : name)
  }

  // MARK: Detection

  private func detect(_ request: Request) async -> Response {
    let start = ContinuousClock.now
    return await pipeline.withDeadline(request, problemResponse: response(to:)) {
      request, deadline async throws(Problem) in
      let (decoded, image) = try await pipeline.runOnWorker(deadline, .parsing(request.body)) {
        () throws(Problem) in
        try decode(request.body)
      }
      let detector = try detector(named: decoded.detectorName)
      let format = format(decoded.image)
      guard let scoreThreshold = decoded.lowestThreshold else {
        return .json(DOODSResponse(id: decoded.id, detections: [], duration: 0))
      }
      let result = try await pipeline.detect(
        [.success(.encoded(image))], with: detector,
        options: DetectionOptions(scoreThreshold: max(scoreThreshold, DOODSRequest.floor)),
        deadline: deadline,
        keepsImages: format != nil
      )[0].get()
      let encode = { @Sendable () throws(Problem) -> Response in
        let selected = select(result, decoded, labels: detector.model.labels)
        var response = DOODSResponse(
          id: decoded.id, detections: selected.map(\.doods),
          duration: start.duration(to: .now).roundedMilliseconds)
        if let format, let source = result.source {
          do throws(ImageError) {
            var image = try source.image()
            image.draw(selected.map(\.detection), labels: detector.model.labels)
            response.image = Base64.encode(try image.encoded(as: format))
          } catch { throw Problem(error) }
        }
        return .json(response)
      }
      guard let source = result.source else {
        // Every region is asked about every detection.
        let count = result.detections.count * (1 + decoded.regionCount)
        return try await pipeline.encode(deadline, detections: count, encode)
      }
      return try await pipeline.runOnWorker(deadline, source.drawingCost, encode)
    }
  }

  private func select(
    _ result: ImageResult, _ request: DOODSRequest, labels: [String]
  ) -> [(detection: Detection, doods: DOODSDetection)] {
    result.detections.compactMap { detection in
      let candidate = DOODSDetection(
        detection, label: labels[detection.classID], width: result.width, height: result.height)
      return request.select(candidate).map { (detection, $0) }
    }
  }

  private func decode(_ body: [UInt8]) throws(Problem) -> (DOODSRequest, image: [UInt8]) {
    let request = try DOODSRequest(json: body)
    guard let image = request.data, !image.isEmpty else {
      throw .noImage("data is not a base64 image; URLs are not fetched")
    }
    return (request, image)
  }

  /// The names of doods.py, detect_request_image_conversion. Unknown names give no image.
  private func format(_ name: String?) -> OutputFormat? {
    switch name {
    case "true", ".jpg", "jpg", "jpeg", "image/jpeg": .jpeg
    case ".png", "png", "image/png": .png
    default: nil
    }
  }
}

extension HTTPField.Name {
  fileprivate static let doodsAuthKey = HTTPField.Name("Doods-Auth-Key")!  // a token, as required
}
