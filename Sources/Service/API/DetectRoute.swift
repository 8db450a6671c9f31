import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// `POST /detect`: bytes -> pictures -> network input -> boxes -> JSON.
struct DetectRoute: Sendable {
  let models: ServedModels
  let workers: PreparationWorkers
  let configuration: Service.Configuration
  let metrics: ServiceMetrics

  func respond(to request: Request) async -> Response {
    let start = ContinuousClock.now
    do throws(Problem) {
      let timeout = try RequestTimeout(request.fields, atMost: configuration.requestTimeout).duration
      let lifetime = RequestLifetime(timeout, from: start)
      // The server cancels the task when the client goes.
      let result = await withTaskCancellationHandler {
        await Result { () async throws(Problem) in try await answer(request, lifetime, start: start) }
      } onCancel: {
        lifetime.abandon()
      }
      return try result.get()
    } catch {
      return error.response
    }
  }

  private func answer(
    _ request: Request, _ lifetime: RequestLifetime, start: ContinuousClock.Instant
  ) async throws(Problem) -> Response {
    guard let representation = Representation(accepting: request.fields) else { throw .notAcceptable }
    let order = try await order(request, lifetime)
    guard !(order.isList && representation.isPicture) else { throw .onePictureOnly }
    let detector = try models.detector(named: order.parameters.modelName)
    let options: DetectionOptions
    do { options = try order.parameters.options(for: detector.model) } catch { throw Problem(error) }
    let pass = try admit(order.pictures.count, to: detector)

    let pictures = await look(
      at: order.pictures, with: detector, options: options, lifetime: lifetime,
      keepsPictures: representation.isPicture)
    extendLifetime(pass)
    if !order.isList, case .failure(let problem) = pictures[0] { throw problem }
    let answer = DetectionAnswer(
      model: detector.model, pictures: pictures, isList: order.isList, start: start)
    // Drawing and encoding take as long as decoding; the rest is quick enough to be done here.
    do throws(ImageError) {
      guard representation.isPicture else { return try answer.response(as: representation) }
      return try await workers.run { () throws(ImageError) in try answer.response(as: representation) }
    } catch { throw Problem(error) }
  }

  /// Unwrapping is work only where there is something around the picture.
  private func order(_ request: Request, _ lifetime: RequestLifetime) async throws(Problem) -> DetectOrder {
    let wrapping = try DetectOrder.Wrapping(request.fields)
    if case .picture = wrapping { return try DetectOrder(request, wrapping) }
    return try await workers.run { () throws(Problem) -> DetectOrder in
      if let end = lifetime.end() { throw rejection(end) }
      return try DetectOrder(request, wrapping)
    }
  }

  private func admit(_ count: Int, to detector: Detector) throws(Problem) -> Admission.Pass {
    do { return try detector.admit(count) } catch { throw rejection(error) }
  }

  private func look(
    at pictures: [Result<[UInt8], Problem>], with detector: Detector, options: DetectionOptions,
    lifetime: RequestLifetime, keepsPictures: Bool
  ) async -> [Result<SeenPicture, Problem>] {
    @Sendable func look(at picture: Result<[UInt8], Problem>) async -> Result<SeenPicture, Problem> {
      await Result { () async throws(Problem) in
        try await prepareAndDetect(
          try picture.get(), with: detector, options: options, lifetime: lifetime,
          keepsPicture: keepsPictures)
      }
    }
    if pictures.count == 1 { return [await look(at: pictures[0])] }
    return await withTaskGroup(of: (Int, Result<SeenPicture, Problem>).self) { group in
      for (index, picture) in pictures.enumerated() {
        group.addTask { (index, await look(at: picture)) }
      }
      var seen: [(Int, Result<SeenPicture, Problem>)] = []
      for await result in group { seen.append(result) }
      return seen.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func prepareAndDetect(
    _ bytes: [UInt8], with detector: Detector, options: DetectionOptions, lifetime: RequestLifetime,
    keepsPicture: Bool
  ) async throws(Problem) -> SeenPicture {
    let prepared = try await workers.run {
      [limits = configuration.imageLimits] () throws(Problem) -> PreparedPicture in
      if let end = lifetime.end() { throw rejection(end) }
      do throws(ImageError) {
        return try PreparedPicture(bytes, for: detector.model, limits: limits, keepsPicture: keepsPicture)
      } catch {
        metrics.rejected(error.reason)
        throw Problem(error)
      }
    }
    do throws(DetectorError) {
      let result = try await detector.detect(prepared.image, options: options, lifetime: lifetime)
      metrics.of(detector.model).answered(prepared, result)
      return SeenPicture(prepared: prepared, result: result)
    } catch {
      throw rejection(error)
    }
  }

  private func rejection(_ error: DetectorError) -> Problem {
    metrics.rejected(error.reason)
    return Problem(error)
  }
}

/// How long an answer is worth waiting for: what the client says in `X-Request-Timeout-Ms`, but no longer than the
/// service allows.
struct RequestTimeout {
  let duration: Duration

  init(_ fields: HTTPFields, atMost limit: Duration) throws(Problem) {
    guard let text = fields[.requestTimeout] else {
      duration = limit
      return
    }
    guard let milliseconds = Int(text), milliseconds > 0 else {
      throw .badField(.requestTimeout, text, expected: "a number of milliseconds")
    }
    duration = min(limit, .milliseconds(milliseconds))
  }
}

extension HTTPField.Name {
  static let requestTimeout = HTTPField.Name("X-Request-Timeout-Ms")!  // a token, as the type asks
}

extension Result {
  /// What `body` returns or throws.
  fileprivate init(_ body: () async throws(Failure) -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
