import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Detects objects in images by means of a swift-yolox service.
///
/// ```swift
/// let client = DetectionClient(url)
/// let result = try await client.detect(contentsOf: URL(filePath: "dog.jpg"))
/// for detection in result.detections { print(detection.label, detection.score, detection.box) }
/// ```
///
/// A client has no state except its settings. Many tasks can use it at once.
public struct DetectionClient: Sendable {
  /// Base URL of the service, including a path prefix that a proxy may add.
  public let url: URL
  /// API key, sent as a bearer token.
  public var apiKey: String?
  /// Whether requests are sent again when the service is busy.
  public var retryPolicy: RetryPolicy
  /// Compresses the bodies of requests. `nil`, the default, sends images as they are.
  public var bodyCompression: BodyCompression?

  private let session: URLSession
  private let sleep: @Sendable (Duration) async throws -> Void

  /// Creates a client.
  ///
  /// - Parameters:
  ///   - url: base URL of the service, such as `http://localhost:8080`.
  ///   - apiKey: sent as a bearer token, if the service requires a key.
  ///   - retryPolicy: whether requests are sent again when the service is busy.
  ///   - session: performs the requests. Use your own to configure timeouts, proxies or TLS.
  public init(
    _ url: URL, apiKey: String? = nil, retryPolicy: RetryPolicy = .never, session: URLSession = .shared
  ) {
    self.init(url, apiKey: apiKey, retryPolicy: retryPolicy, session: session) {
      try await Task.sleep(for: $0)
    }
  }

  /// - Parameter sleep: waits before a request is sent again.
  package init(
    _ url: URL, apiKey: String? = nil, retryPolicy: RetryPolicy, session: URLSession = .shared,
    sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.url = url
    self.apiKey = apiKey
    self.retryPolicy = retryPolicy
    self.session = session
    self.sleep = sleep
  }

  /// Detects objects in an image.
  ///
  /// - Parameters:
  ///   - image: the bytes of an encoded image, such as a JPEG, PNG or WebP.
  ///   - options: thresholds, classes, model and deadline.
  /// - Throws: ``ClientError``
  public func detect(
    _ image: Data, options: DetectOptions = DetectOptions()
  ) async throws(ClientError) -> Detections {
    try read(Detections.self, try await post(image, as: "application/octet-stream", options))
  }

  /// Detects objects in an image file.
  ///
  /// - Parameters:
  ///   - file: URL of a local file.
  ///   - options: thresholds, classes, model and deadline.
  /// - Throws: ``ClientError``
  public func detect(
    contentsOf file: URL, options: DetectOptions = DetectOptions()
  ) async throws(ClientError) -> Detections {
    try await detect(try contents(of: file), options: options)
  }

  /// Detects objects in several images with one request.
  ///
  /// - Parameters:
  ///   - images: the bytes of up to 64 encoded images.
  ///   - options: thresholds, classes, model and deadline, for all images.
  /// - Returns: one result for each image, in order. An image that cannot be processed yields a ``Problem`` and does not
  ///   affect the others.
  /// - Throws: ``ClientError`` if the request as a whole fails.
  public func detect(
    _ images: [Data], options: DetectOptions = DetectOptions()
  ) async throws(ClientError) -> [Result<Detections, Problem>] {
    guard !images.isEmpty else { return [] }
    let form = MultipartForm(images)
    let response = try await post(form.body, as: form.contentType, options)
    // The service answers a form with one file like a single image.
    if images.count == 1 { return [.success(try read(Detections.self, response))] }
    return try read(DetectionList.self, response).results.map(\.result)
  }

  /// Draws the detections on the image.
  ///
  /// - Parameters:
  ///   - image: the bytes of an encoded image, such as a JPEG, PNG or WebP.
  ///   - format: the format of the result.
  ///   - options: thresholds, classes, model and deadline.
  /// - Returns: the image, upright, with a box and a label for each detection, encoded in `format`.
  /// - Throws: ``ClientError``
  public func drawDetections(
    on image: Data, as format: ImageFormat = .jpeg, options: DetectOptions = DetectOptions()
  ) async throws(ClientError) -> Data {
    let drawn = try await post(image, as: "application/octet-stream", options, format)
    guard drawn.starts(with: format.signature) else {
      throw .invalidResponse("not a \(format.rawValue) image")
    }
    return drawn
  }

  /// Draws the detections on the image of a file.
  ///
  /// - Parameters:
  ///   - file: URL of a local file.
  ///   - format: the format of the result.
  ///   - options: thresholds, classes, model and deadline.
  /// - Returns: the image, upright, with a box and a label for each detection, encoded in `format`.
  /// - Throws: ``ClientError``
  public func drawDetections(
    onContentsOf file: URL, as format: ImageFormat = .jpeg, options: DetectOptions = DetectOptions()
  ) async throws(ClientError) -> Data {
    try await drawDetections(on: try contents(of: file), as: format, options: options)
  }

  /// Lists the models of the service. The first one is the default.
  ///
  /// - Throws: ``ClientError``
  public func models() async throws(ClientError) -> [ModelInfo] {
    try read(ModelList.self, try await send(request("v1/models"))).models
  }

  /// Whether the service can be reached and is ready to process images.
  public func isReady() async -> Bool {
    do {
      _ = try await exchange(request("readyz"))
      return true
    } catch { return false }
  }
}

// MARK: - Requests

extension DetectionClient {
  private func contents(of file: URL) throws(ClientError) -> Data {
    do { return try Data(contentsOf: file) } catch {
      throw .unreadableFile(file, reason: error.localizedDescription)
    }
  }

  private func request(_ path: String) -> URLRequest {
    var request = URLRequest(url: url.appending(path: path))
    if let apiKey { request.setValue("Bearer \(apiKey)", forHTTPHeaderField: "Authorization") }
    // Accept problem documents too, so that a proxy in front of the service can send them.
    request.setValue("application/json, application/problem+json", forHTTPHeaderField: "Accept")
    return request
  }

  private func post(
    _ body: Data, as contentType: String, _ options: DetectOptions, _ format: ImageFormat? = nil
  ) async throws(ClientError) -> Data {
    var request = request("detect")
    request.url = request.url.map { options.appended(to: $0, format: format) }
    request.httpMethod = "POST"
    request.httpBody = body
    if let coding = bodyCompression, let compressed = coding.compress(body) {
      request.httpBody = compressed
      request.setValue(coding.rawValue, forHTTPHeaderField: "Content-Encoding")
    }
    if let format {
      request.setValue(
        "image/\(format.rawValue), application/problem+json", forHTTPHeaderField: "Accept")
    }
    request.setValue(contentType, forHTTPHeaderField: "Content-Type")
    if let timeout = options.timeout {
      request.setValue("\(timeout.milliseconds)", forHTTPHeaderField: "X-Request-Timeout-Ms")
      // The service responds by the deadline; leave ten more seconds for the transfer.
      request.timeoutInterval = Double(timeout.milliseconds) / 1000 + 10
    }
    return try await send(request)
  }

  /// The body of a successful response, after as many attempts as ``retryPolicy`` allows.
  private func send(_ request: URLRequest) async throws(ClientError) -> Data {
    var attempt = 1
    while true {
      do throws(ClientError) { return try await exchange(request) } catch {
        guard case .problem(let problem) = error,
          let delay = retryPolicy.delay(after: problem, attempt: attempt)
        else {
          throw error
        }
        do { try await sleep(delay) } catch { throw .cancelled }
        attempt += 1
      }
    }
  }

  private func exchange(_ request: URLRequest) async throws(ClientError) -> Data {
    let (body, response): (Data, URLResponse)
    do { (body, response) = try await session.data(for: request) } catch {
      if Task.isCancelled { throw .cancelled }
      throw .unreachable(reason: error.localizedDescription)
    }
    guard let response = response as? HTTPURLResponse else {
      throw .invalidResponse("not an HTTP response")
    }
    guard (200..<300).contains(response.statusCode) else {
      throw .problem(Problem(response, body))
    }
    return body
  }

  private func read<Body: Decodable>(
    _ type: Body.Type, _ body: Data
  ) throws(ClientError) -> Body {
    do { return try JSONDecoder().decode(type, from: body) } catch {
      throw .invalidResponse("\(error)")
    }
  }
}

extension Duration {
  /// Rounded up, so that a short duration does not become zero.
  fileprivate var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
