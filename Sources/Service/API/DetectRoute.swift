import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// `POST /detect`.
struct DetectRoute: Sendable {
  let pipeline: DetectionPipeline
  let models: ModelRegistry
  let profiles: Profiles

  func respond(to request: Request) async -> Response {
    let start = ContinuousClock.now
    return await pipeline.withDeadline(request, problemResponse: \.response) {
      request, deadline async throws(Problem) in
      try await detect(request, deadline, start: start)
    }
  }

  private func detect(
    _ request: Request, _ deadline: RequestDeadline, start: ContinuousClock.Instant
  ) async throws(Problem) -> Response {
    let decoded = try await decode(request, deadline)
    let parameters: DetectParameters
    do { parameters = try decoded.parameters.resolved(profiles) } catch { throw Problem(error) }
    guard let representation = parameters.format ?? Representation(accepting: request.fields) else {
      throw .notAcceptable
    }
    guard !(decoded.isList && representation.isImage) else { throw .singleImageOnly }
    let detector: Detector
    do { detector = try models.detector(named: parameters.modelName) } catch { throw Problem(error) }
    let options = try parameters.options(for: detector.model)

    let results = try await pipeline.detect(
      decoded.images, with: detector, options: options, slices: try parameters.slices(), deadline: deadline,
      keepsImages: representation.isImage)
    if !decoded.isList, case .failure(let problem) = results[0] { throw problem }
    let duration = start.duration(to: .now)
    let encode = { @Sendable () throws(Problem) -> Response in
      let response = DetectResponse(
        model: detector.model, results: results, isList: decoded.isList, duration: duration)
      do throws(ImageError) { return try response.encoded(as: representation) } catch { throw Problem(error) }
    }
    if representation.isImage {
      let source = try results.first?.get().source
      return try await pipeline.runOnWorker(deadline, source?.drawingCost ?? .short, encode)
    }
    let count = results.reduce(0) { $0 + ((try? $1.get())?.detections.count ?? 0) }
    return try await pipeline.encode(deadline, detections: count, encode)
  }

  /// A body that is the image itself needs no parsing, and no worker.
  private func decode(_ request: Request, _ deadline: RequestDeadline) async throws(Problem) -> DetectRequest
  {
    let format = try DetectRequest.BodyFormat(request)
    if case .image = format { return try DetectRequest(request, format) }
    return try await pipeline.runOnWorker(deadline, .parsing(request.body)) { () throws(Problem) in
      try DetectRequest(request, format)
    }
  }
}
