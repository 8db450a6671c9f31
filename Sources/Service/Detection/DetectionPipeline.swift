import HTTPServer
import HTTPTypes
import Imaging
import Synchronization
import YOLOX

/// Decodes, admits and detects the images of a request. All APIs share one pipeline once the request is decoded.
package struct DetectionPipeline: Sendable {
  let workers: PreprocessingPool
  let imageLimits: ImageLimits
  let decodingLimits: DecodingLimits
  /// Maximum duration of a request.
  let requestTimeout: Duration
  let metrics: ServiceMetrics

  let access: AccessPolicy
  /// Of drawn images and raw predictions, which clients may read slowly.
  let responseMemory: MemoryBudget
  /// `nil` if no images are kept.
  let keeper: ImageKeeper?

  package init(
    workers: PreprocessingPool, imageLimits: ImageLimits, decodingLimits: DecodingLimits,
    requestTimeout: Duration, metrics: ServiceMetrics, access: AccessPolicy, responseMemory: MemoryBudget,
    keeper: ImageKeeper? = nil
  ) {
    self.workers = workers
    self.imageLimits = imageLimits
    self.decodingLimits = decodingLimits
    self.requestTimeout = requestTimeout
    self.metrics = metrics
    self.access = access
    self.responseMemory = responseMemory
    self.keeper = keeper
  }

  /// Shorter responses are not counted: they are less than a connection takes anyway.
  private static let minCountedResponse = 64 << 10
  /// Responses with more detections are encoded on a worker. A shorter one takes less time than the way there.
  private static let maxDetectionsEncodedHere = 100

  /// Decodes the request's body and runs `body` with the deadline that the request and the service set. The response is 504
  /// once that has passed, whatever runs; work for the request is dropped at its next step then, and when the client
  /// disconnects.
  ///
  /// - Parameter problemResponse: formats a problem for the API's clients.
  func withDeadline(
    _ request: Request, problemResponse: (Problem) -> Response,
    _ body: @escaping @Sendable (Request, RequestDeadline) async throws(Problem) -> Response
  ) async -> Response {
    let deadline: RequestDeadline
    // Kept images are named after it; else it is given when the response is finished.
    let requestID = keeper.map { _ in RequestID(request.fields).text }
    do throws(Problem) {
      let timeout = try RequestTimeout(request.fields, atMost: requestTimeout)
      deadline = RequestDeadline(
        timeout.duration, from: request.receivedAt, client: request.client, requestID: requestID)
    } catch { return problemResponse(error) }
    let first = FirstResult<Result<Response, Problem>>()
    // Unstructured, because the response does not wait for work that has become useless.
    let work = Task {
      let result = await Result { () async throws(Problem) in
        try await body(try await decode(request, deadline), deadline)
      }
      deadline.releasePermits()
      first.finish(result)
    }
    let timer = Task {
      guard (try? await Task.sleep(until: deadline.instant, clock: .continuous)) != nil else { return }
      deadline.expire()
      first.finish(.failure(Problem(DetectorError.expired)))
      work.cancel()
    }
    // The server cancels the task when the client disconnects.
    let result = await withTaskCancellationHandler {
      await first.value
    } onCancel: {
      deadline.clientDisconnected()
      work.cancel()
    }
    timer.cancel()
    var response: Response
    do throws(Problem) { response = try withMemory(try result.get(), for: deadline) } catch {
      response = problemResponse(error)
    }
    deadline.logFields.withLock {
      response.logFields.images = $0.images
      response.logFields.model = $0.model
    }
    response.logFields.keyName = deadline.client
    if let requestID { response.fields[.requestID] = requestID }
    return response
  }

  /// The request without content codings.
  private func decode(_ request: Request, _ deadline: RequestDeadline) async throws(Problem) -> Request {
    guard request.hasContentEncoding else { return request }
    return try await runOnWorker(deadline, .parsing(request.body)) { () throws(Problem) in
      do throws(ContentCodingError) { return try request.decodingBody(decodingLimits) } catch {
        throw Problem(error)
      }
    }
  }

  /// Counts the memory of a large response until it is written.
  private func withMemory(_ response: Response, for deadline: RequestDeadline) throws(Problem) -> Response {
    guard response.body.count >= DetectionPipeline.minCountedResponse else { return response }
    guard let memory = responseMemory.reservation(of: response.body.count) else {
      let model = deadline.logFields.withLock { $0.model }
      throw rejection(.responsesUnread(limit: responseMemory.limit), model: model ?? "")
    }
    var response = response
    response.memory = memory
    return response
  }

  /// Runs slow work, such as parsing a large body, on a preprocessing thread.
  ///
  /// - Throws: the deadline's problem if that passes before the work starts.
  func runOnWorker<Value: Sendable>(
    _ deadline: RequestDeadline, _ cost: PreprocessingPool.Cost = .short,
    _ work: @escaping @Sendable () throws(Problem) -> Value
  ) async throws(Problem) -> Value {
    let value = try await workers.run(cost) { () throws(Problem) -> Value in
      try checkDeadline(deadline)
      return try work()
    }
    guard let value else { throw rejection(deadline.cancellationReason() ?? .expired) }
    return value
  }

  /// Encodes a response: on a worker if it is long.
  ///
  /// - Parameter cost: of the encoding, if it is not that of detections.
  package func encode(
    _ deadline: RequestDeadline, detections: Int, cost: PreprocessingPool.Cost? = nil,
    _ work: @escaping @Sendable () throws(Problem) -> Response
  ) async throws(Problem) -> Response {
    if cost == nil, detections <= DetectionPipeline.maxDetectionsEncodedHere { return try work() }
    return try await runOnWorker(deadline, cost ?? .encoding(detections: detections), work)
  }

  /// Detects objects in images. The permit for them is held until the response is encoded.
  ///
  /// - Parameters:
  ///   - inputs: images or the problems of images that could not be extracted; a problem does not affect other images.
  ///   - slices: how images are detected in tiles; `nil` for images as a whole only.
  ///   - keepsImages: whether the results keep the images, so that boxes can be drawn.
  /// - Returns: a result for each input, in the same order.
  /// - Throws: if the images are not admitted.
  func detect(
    _ inputs: [Result<ImageInput, Problem>], with detector: Detector, options: DetectionOptions,
    slices: SliceOptions? = nil, deadline: RequestDeadline, keepsImages: Bool = false
  ) async throws(Problem) -> [Result<ImageResult, Problem>] {
    deadline.logFields.withLock {
      $0.images = inputs.count
      $0.model = detector.model.name
    }
    if let slices {
      return try await detectSliced(
        inputs, with: detector, options: options, slices: slices, deadline: deadline, keepsImages: keepsImages
      )
    }
    deadline.hold(try admit(inputs.count, to: detector, client: deadline.client))
    @Sendable func detect(_ input: Result<ImageInput, Problem>) async -> Result<ImageResult, Problem> {
      await Result { () async throws(Problem) in
        try await prepareAndDetect(
          try input.get(), with: detector, options: options, deadline: deadline, keepsImage: keepsImages)
      }
    }
    if inputs.count == 1 { return [await detect(inputs[0])] }
    return await inputs.concurrentMap(detect)
  }

  func admit(
    _ count: Int, to detector: Detector, client: String?
  ) throws(Problem) -> AdmissionLimiter.Permit {
    // A request that never fits must not be told to retry.
    let limit = detector.maxQueueLimit
    guard count <= limit else { throw .tooManyImages(count: count, limit: limit) }
    do { return try detector.admit(count, client: client, share: access.keyShare) } catch {
      throw rejection(error, model: detector.model.name)
    }
  }

  private func prepareAndDetect(
    _ input: ImageInput, with detector: Detector, options: DetectionOptions, deadline: RequestDeadline,
    keepsImage: Bool
  ) async throws(Problem) -> ImageResult {
    let (prepared, source) = try await prepare(input, for: detector, options, deadline)
    let (options, kept) = keeping(input.encodedBytes, options)
    do throws(DetectorError) {
      var result = try await detector.detect(prepared, options: options, deadline: deadline)
      if keepsImage { result.source = source }
      detector.metrics?.imageSucceeded(result.timings, result.detections)
      keep(kept, result, of: detector.model, deadline)
      return result
    } catch {
      detector.metrics?.imageFailed()
      throw rejection(error, model: detector.model.name)
    }
  }

  /// Draws whether an image may be kept.
  ///
  /// - Parameter bytes: of the file; `nil` for tensors, which are not kept.
  /// - Returns: the options that detect what is kept besides, and the bytes if they may be kept.
  func keeping(_ bytes: [UInt8]?, _ options: DetectionOptions) -> (DetectionOptions, kept: [UInt8]?) {
    guard let keeper, let bytes, keeper.samples() else { return (options, nil) }
    var options = options
    options.unfilteredThreshold = keeper.rules.scores.lowerBound
    return (options, bytes)
  }

  func keep(_ bytes: [UInt8]?, _ result: ImageResult, of model: Model, _ deadline: RequestDeadline) {
    guard let keeper, let bytes else { return }
    keeper.offer(
      bytes, width: result.width, height: result.height, result.prediction.unfiltered, of: model,
      requestID: deadline.requestID ?? "")
  }

  /// - Returns: the network's input and, to draw on, the image. Planes have none.
  private func prepare(
    _ input: ImageInput, for detector: Detector, _ options: DetectionOptions, _ deadline: RequestDeadline
  ) async throws(Problem) -> (PreparedImage, ImageSource?) {
    let model = detector.model
    // Raw outputs have the shape that the model's description states.
    let shape = options.keepsPredictions ? InputShape.square : model.inputShape
    switch input {
    case .encoded(let bytes):
      // The header tells what decoding takes. A small image is decoded at once: the way back to the queue takes longer than it
      // is worth there.
      let (encoded, small) = try await decode(deadline, .short, detector) {
        () throws(ImageError) -> (EncodedImage, PreparedImage?) in
        let encoded = try EncodedImage(bytes, limits: imageLimits)
        let isSmall = PreprocessingPool.Cost.decoding(encoded, for: model).isSmall
        return (encoded, isSmall ? try model.prepare(encoded, shape: shape) : nil)
      }
      if let small { return (small, .encoded(encoded)) }
      let cost = PreprocessingPool.Cost.decoding(encoded, for: model)
      let prepared = try await decode(deadline, cost, detector) { () throws(ImageError) in
        try model.prepare(encoded, shape: shape)
      }
      return (prepared, .encoded(encoded))
    case .pixels(let image):
      return (try await runOnWorker(deadline) { model.prepare(image, shape: shape) }, .pixels(image))
    case .planes(let planes):
      return (try await runOnWorker(deadline) { model.prepare(planes: planes) }, nil)
    }
  }

  func decode<Value: Sendable>(
    _ deadline: RequestDeadline, _ cost: PreprocessingPool.Cost, _ detector: Detector,
    _ work: @escaping @Sendable () throws(ImageError) -> Value
  ) async throws(Problem) -> Value {
    try await runOnWorker(deadline, cost) { () throws(Problem) -> Value in
      do throws(ImageError) { return try work() } catch {
        throw rejection(error, detector)
      }
    }
  }

  private func checkDeadline(_ deadline: RequestDeadline) throws(Problem) {
    if let reason = deadline.cancellationReason() { throw rejection(reason) }
  }

  func rejection(_ error: ImageError, _ detector: Detector) -> Problem {
    metrics.imageRejected(reason: error.reason, model: detector.model.name)
    detector.metrics?.imageFailed()
    return Problem(error)
  }

  func rejection(_ error: DetectorError, model: String = "") -> Problem {
    metrics.imageRejected(reason: error.reason, model: model)
    return Problem(error)
  }
}
