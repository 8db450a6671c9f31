import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// A request's pictures to what is in them: the way that all APIs of the service share. What they differ in, how a
/// request wraps pictures and how an answer is written, is not here.
struct DetectionPipeline: Sendable {
  let models: ModelRegistry
  let workers: PreprocessingPool
  let configuration: DetectionService.Configuration
  let metrics: ServiceMetrics

  /// Answers a request, for as long as the client waits and the request may take.
  ///
  /// - Parameter write: makes an answer of a problem.
  func answer(
    _ request: Request, problem write: (Problem) -> Response,
    _ body: (RequestDeadline) async throws(Problem) -> Response
  ) async -> Response {
    do throws(Problem) {
      let timeout = try RequestTimeout(request.fields, atMost: configuration.requestTimeout).duration
      let lifetime = RequestDeadline(timeout)
      // The server cancels the task when the client goes.
      let result = await withTaskCancellationHandler {
        await Result { () async throws(Problem) in try await body(lifetime) }
      } onCancel: {
        lifetime.abandon()
      }
      return try result.get()
    } catch {
      return write(error)
    }
  }

  /// Does what takes long, such as unwrapping a body, where it keeps nobody waiting.
  func prepare<Value: Sendable>(
    _ lifetime: RequestDeadline, _ work: @escaping @Sendable () throws(Problem) -> Value
  ) async throws(Problem) -> Value {
    try await workers.run { () throws(Problem) -> Value in
      if let end = lifetime.end() { throw rejection(end) }
      return try work()
    }
  }

  /// Looks at pictures.
  ///
  /// - Parameters:
  ///   - pictures: as they are, or what is wrong with one: that is not the others' fault.
  ///   - keepsPictures: whether boxes are to be drawn into them.
  /// - Returns: what was found in each, in their order.
  /// - Throws: if there is no room for so many.
  func look(
    at pictures: [Result<ImageInput, Problem>], with detector: Detector, options: DetectionOptions,
    lifetime: RequestDeadline, keepsPictures: Bool = false
  ) async throws(Problem) -> [Result<ImageResult, Problem>] {
    let pass = try admit(pictures.count, to: detector)
    defer { extendLifetime(pass) }
    @Sendable func look(at picture: Result<ImageInput, Problem>) async -> Result<ImageResult, Problem> {
      await Result { () async throws(Problem) in
        try await prepareAndDetect(
          try picture.get(), with: detector, options: options, lifetime: lifetime,
          keepsPicture: keepsPictures)
      }
    }
    if pictures.count == 1 { return [await look(at: pictures[0])] }
    return await withTaskGroup(of: (Int, Result<ImageResult, Problem>).self) { group in
      for (index, picture) in pictures.enumerated() {
        group.addTask { (index, await look(at: picture)) }
      }
      var seen: [(Int, Result<ImageResult, Problem>)] = []
      for await result in group { seen.append(result) }
      return seen.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func admit(_ count: Int, to detector: Detector) throws(Problem) -> Admission.Pass {
    // More than ever fit: coming back later would not help.
    let limit = detector.queueLimit
    guard count <= limit else { throw .tooManyPictures(count: count, limit: limit) }
    do { return try detector.admit(count) } catch { throw rejection(error) }
  }

  private func prepareAndDetect(
    _ picture: ImageInput, with detector: Detector, options: DetectionOptions, lifetime: RequestDeadline,
    keepsPicture: Bool
  ) async throws(Problem) -> ImageResult {
    let prepared = try await workers.run {
      [limits = configuration.imageLimits] () throws(Problem) -> PreparedPicture in
      if let end = lifetime.end() { throw rejection(end) }
      do throws(ImageError) {
        return try PreparedPicture(picture, for: detector.model, limits: limits, keepsPicture: keepsPicture)
      } catch {
        metrics.rejected(error.reason)
        detector.metrics?.failed()
        throw Problem(error)
      }
    }
    do throws(DetectorError) {
      let result = try await detector.detect(prepared.image, options: options, lifetime: lifetime)
      detector.metrics?.answered(prepared, result)
      return ImageResult(prepared: prepared, result: result)
    } catch {
      detector.metrics?.failed()
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
