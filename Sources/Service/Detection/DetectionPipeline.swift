import HTTPServer
import HTTPTypes
import Imaging
import Synchronization
import YOLOX

/// Decodes, admits and detects the images of a request. All APIs share one pipeline once the request is decoded.
struct DetectionPipeline: Sendable {
  let workers: PreprocessingPool
  let imageLimits: ImageLimits
  /// Maximum duration of a request.
  let requestTimeout: Duration
  let metrics: ServiceMetrics

  /// Runs `body` with the deadline that the request and the service set, and cancels that when the client disconnects.
  ///
  /// - Parameter problemResponse: formats a problem for the API's clients.
  func withDeadline(
    _ request: Request, problemResponse: (Problem) -> Response,
    _ body: (RequestDeadline) async throws(Problem) -> Response
  ) async -> Response {
    let deadline: RequestDeadline
    do throws(Problem) {
      deadline = RequestDeadline(
        try RequestTimeout(request.fields, atMost: requestTimeout).duration, from: request.receivedAt)
    } catch { return problemResponse(error) }
    var response: Response
    do throws(Problem) {
      // The server cancels the task when the client disconnects.
      let result = await withTaskCancellationHandler {
        await Result { () async throws(Problem) in try await body(deadline) }
      } onCancel: {
        deadline.clientDisconnected()
      }
      response = try result.get()
    } catch { response = problemResponse(error) }
    deadline.logFields.withLock {
      response.logFields.images = $0.images
      response.logFields.model = $0.model
    }
    return response
  }

  /// Runs slow work, such as parsing a large body, on a preprocessing thread.
  func runOnWorker<Value: Sendable>(
    _ deadline: RequestDeadline, _ work: @escaping @Sendable () throws(Problem) -> Value
  ) async throws(Problem) -> Value {
    try await workers.run { () throws(Problem) -> Value in
      try checkDeadline(deadline)
      return try work()
    }
  }

  /// Detects objects in images.
  ///
  /// - Parameters:
  ///   - inputs: images or the problems of images that could not be extracted; a problem does not affect other images.
  ///   - keepsImages: whether the results keep the pixels, so that boxes can be drawn.
  /// - Returns: a result for each input, in the same order.
  /// - Throws: if the images are not admitted.
  func detect(
    _ inputs: [Result<ImageInput, Problem>], with detector: Detector, options: DetectionOptions,
    deadline: RequestDeadline, keepsImages: Bool = false
  ) async throws(Problem) -> [Result<ImageResult, Problem>] {
    deadline.logFields.withLock {
      $0.images = inputs.count
      $0.model = detector.model.name
    }
    let permit = try admit(inputs.count, to: detector)
    defer { extendLifetime(permit) }
    @Sendable func detect(_ input: Result<ImageInput, Problem>) async -> Result<ImageResult, Problem> {
      await Result { () async throws(Problem) in
        try await prepareAndDetect(
          try input.get(), with: detector, options: options, deadline: deadline, keepsImage: keepsImages)
      }
    }
    if inputs.count == 1 { return [await detect(inputs[0])] }
    return await withTaskGroup(of: (Int, Result<ImageResult, Problem>).self) { group in
      for (index, input) in inputs.enumerated() {
        group.addTask { (index, await detect(input)) }
      }
      var results: [(Int, Result<ImageResult, Problem>)] = []
      for await result in group { results.append(result) }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func admit(_ count: Int, to detector: Detector) throws(Problem) -> AdmissionLimiter.Permit {
    // A request that exceeds the whole queue must not be told to retry.
    let limit = detector.queueLimit
    guard count <= limit else { throw .tooManyImages(count: count, limit: limit) }
    do { return try detector.admit(count) } catch { throw rejection(error) }
  }

  private func prepareAndDetect(
    _ input: ImageInput, with detector: Detector, options: DetectionOptions, deadline: RequestDeadline,
    keepsImage: Bool
  ) async throws(Problem) -> ImageResult {
    let (prepared, kept) = try await workers.run {
      () throws(Problem) -> (PreparedImage, (image: Image, decoding: Duration)?) in
      try checkDeadline(deadline)
      do throws(ImageError) {
        return try prepare(input, for: detector.model, keepsImage: keepsImage)
      } catch {
        metrics.imageRejected(reason: error.reason)
        detector.metrics?.imageFailed()
        throw Problem(error)
      }
    }
    do throws(DetectorError) {
      var result = try await detector.detect(prepared, options: options, deadline: deadline)
      if let kept {
        result.image = kept.image
        result.timings.decode += kept.decoding
      }
      detector.metrics?.imageSucceeded(result.timings, result.detections)
      return result
    } catch {
      detector.metrics?.imageFailed()
      throw rejection(error)
    }
  }

  /// - Returns: the network's input and, to draw on, all pixels with the time that decoding them took. They are decoded
  ///   apart from the input, which may need fewer pixels: detections do not depend on whether they are drawn. Planes have
  ///   no pixels.
  private func prepare(
    _ input: ImageInput, for model: Model, keepsImage: Bool
  ) throws(ImageError) -> (PreparedImage, (image: Image, decoding: Duration)?) {
    switch input {
    case .encoded(let bytes):
      let encoded = try EncodedImage(bytes, limits: imageLimits)
      let prepared = try model.prepare(encoded)
      guard keepsImage else { return (prepared, nil) }
      let start = ContinuousClock.now
      let image = try encoded.decoded()
      return (prepared, (image, start.duration(to: .now)))
    case .pixels(let image): return (model.prepare(image), keepsImage ? (image, .zero) : nil)
    case .planes(let planes): return (model.prepare(planes: planes), nil)
    }
  }

  private func checkDeadline(_ deadline: RequestDeadline) throws(Problem) {
    if let reason = deadline.cancellationReason() { throw rejection(reason) }
  }

  private func rejection(_ error: DetectorError) -> Problem {
    metrics.imageRejected(reason: error.reason)
    return Problem(error)
  }
}

extension Result {
  /// The value that `body` returns, or the error that it throws.
  fileprivate init(_ body: () async throws(Failure) -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
