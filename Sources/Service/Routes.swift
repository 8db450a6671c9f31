import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// What the service answers.
struct Routes: Sendable {
  let detector: Detector
  let configuration: Service.Configuration
  let readiness: Readiness
  private let workers: PreparationWorkers

  init(detector: Detector, configuration: Service.Configuration, readiness: Readiness) {
    self.detector = detector
    self.configuration = configuration
    self.readiness = readiness
    workers = PreparationWorkers(count: configuration.threads)
  }

  var router: Router {
    var router = Router()
    router.on(.post, "/detect", .suspending(detect))
    router.on(.get, "/healthz", .immediate { _ in Routes.status("ok") })
    router.on(
      .get, "/readyz",
      .immediate { [readiness] _ in
        readiness.isReady
          ? Routes.status("ready")
          : Problem("not-ready", "Not ready", .serviceUnavailable, "The service is starting or stopping.")
            .response
      })
    return router
  }

  private static func status(_ word: String) -> Response {
    Response(.ok, contentType: "application/json", #"{"status":"\#(word)"}"#)
  }

  /// bytes -> picture -> network input -> boxes -> JSON
  @Sendable private func detect(_ request: Request) async -> Response {
    let start = ContinuousClock.now
    do {
      let prepared = try await workers.run { [detector, limits = configuration.imageLimits] in
        Prepared.make(request.body, for: detector.model, limits: limits)
      }
      do {
        let result = try await detector.detect(prepared.image, options: DetectionOptions())
        return respond(prepared, result, total: start.duration(to: .now))
      } catch { return Problem(error).response }
    } catch { return Problem(error).response }
  }

  private func respond(_ prepared: Prepared, _ result: DetectionResult, total: Duration) -> Response {
    let model = detector.model
    let letterbox = prepared.image.letterbox
    let body = DetectResponse(
      model: .init(
        name: model.name,
        input: PictureSize(width: model.inputSize.width, height: model.inputSize.height)),
      image: PictureSize(width: letterbox.imageWidth, height: letterbox.imageHeight),
      detections: result.outcome.detections.map { LabelledDetection($0, labels: model.labels) },
      timing: .init(
        decode: prepared.decoding.roundedMilliseconds, preprocess: prepared.preprocessing.roundedMilliseconds,
        queue: result.queued.roundedMilliseconds, inference: result.outcome.inference.roundedMilliseconds,
        postprocess: result.outcome.postprocess.roundedMilliseconds, total: total.roundedMilliseconds))
    return Response(.ok, fields: [.contentType: "application/json"], body: encodeJSON(body))
  }
}

/// A picture ready for the network, and what getting there took.
private struct Prepared: Sendable {
  let image: PreparedImage
  let decoding: Duration
  let preprocessing: Duration

  static func make(_ bytes: [UInt8], for model: Model, limits: ImageLimits) -> Result<Prepared, ImageError> {
    let start = ContinuousClock.now
    let picture: Image
    do { picture = try Image(decoding: bytes, limits: limits) } catch { return .failure(error) }
    let decoded = ContinuousClock.now
    let image = model.prepare(picture)
    return .success(
      Prepared(
        image: image, decoding: start.duration(to: decoded), preprocessing: decoded.duration(to: .now)))
  }
}
