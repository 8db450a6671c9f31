import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// `POST /detect`: bytes -> pictures -> network input -> boxes -> JSON.
struct DetectRoute: Sendable {
  let look: DetectionPipeline

  func respond(to request: Request) async -> Response {
    let start = ContinuousClock.now
    return await look.answer(request, problem: \.response) { lifetime async throws(Problem) in
      try await answer(request, lifetime, start: start)
    }
  }

  private func answer(
    _ request: Request, _ lifetime: RequestDeadline, start: ContinuousClock.Instant
  ) async throws(Problem) -> Response {
    guard let representation = Representation(accepting: request.fields) else { throw .notAcceptable }
    let order = try await order(request, lifetime)
    guard !(order.isList && representation.isPicture) else { throw .onePictureOnly }
    let detector = try look.models.detector(named: order.parameters.modelName)
    let options: DetectionOptions
    do { options = try order.parameters.options(for: detector.model) } catch { throw Problem(error) }

    let pictures = try await look.look(
      at: order.pictures.map { $0.map(ImageInput.encoded) }, with: detector, options: options,
      lifetime: lifetime, keepsPictures: representation.isPicture)
    if !order.isList, case .failure(let problem) = pictures[0] { throw problem }
    let answer = DetectionAnswer(
      model: detector.model, pictures: pictures, isList: order.isList, start: start)
    // Drawing and encoding take as long as decoding; the rest is quick enough to be done here.
    do throws(ImageError) {
      guard representation.isPicture else { return try answer.response(as: representation) }
      return try await look.workers.run { () throws(ImageError) in try answer.response(as: representation) }
    } catch { throw Problem(error) }
  }

  /// Unwrapping is work only where there is something around the picture.
  private func order(_ request: Request, _ lifetime: RequestDeadline) async throws(Problem) -> DetectRequest {
    let wrapping = try DetectRequest.Wrapping(request.fields)
    if case .picture = wrapping { return try DetectRequest(request, wrapping) }
    return try await look.prepare(lifetime) { () throws(Problem) in try DetectRequest(request, wrapping) }
  }
}
