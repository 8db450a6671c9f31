import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Asks a swift-yolox service what pictures show.
///
///     let client = DetectionClient(url)
///     let found = try await client.detect(contentsOf: URL(filePath: "dog.jpg"))
///     for detection in found.detections { print(detection.label, detection.score, detection.box) }
///
/// It holds no state but its settings and can be used by many tasks at once.
public struct DetectionClient: Sendable {
  /// Where the service is, with the path that a proxy may have put before its own.
  public let url: URL
  /// Sent as a bearer token.
  public var apiKey: String?
  public var retry: Retry

  private let session: URLSession
  private let pause: @Sendable (Duration) async throws -> Void

  public init(_ url: URL, apiKey: String? = nil, retry: Retry = .never, session: URLSession = .shared) {
    self.init(url, apiKey: apiKey, retry: retry, session: session) { try await Task.sleep(for: $0) }
  }

  /// - Parameter pause: waits before a request is sent again.
  package init(
    _ url: URL, apiKey: String? = nil, retry: Retry, session: URLSession = .shared,
    pause: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.url = url
    self.apiKey = apiKey
    self.retry = retry
    self.session = session
    self.pause = pause
  }

  /// What one picture shows.
  ///
  /// - Parameter image: the bytes of a JPEG or PNG.
  public func detect(
    _ image: Data, options: DetectOptions = DetectOptions()
  ) async throws(ClientError) -> Detections {
    try read(Detections.self, try await post(image, as: "application/octet-stream", options))
  }

  /// What the picture in a file shows.
  public func detect(
    contentsOf file: URL, options: DetectOptions = DetectOptions()
  ) async throws(ClientError) -> Detections {
    let image: Data
    do { image = try Data(contentsOf: file) } catch {
      throw .unreadableFile(file, reason: error.localizedDescription)
    }
    return try await detect(image, options: options)
  }

  /// What several pictures show, sent in one request; the service takes up to 64.
  ///
  /// - Returns: for each picture in order what was found, or what is wrong with it: that does not spoil the others.
  /// - Throws: where the whole request is refused.
  public func detect(
    _ images: [Data], options: DetectOptions = DetectOptions()
  ) async throws(ClientError) -> [Result<Detections, Problem>] {
    guard !images.isEmpty else { return [] }
    let form = PictureForm(images)
    let answer = try await post(form.body, as: form.contentType, options)
    // A form with one file is one picture to the service.
    if images.count == 1 { return [.success(try read(Detections.self, answer))] }
    return try read(DetectionResults.self, answer).results.map(\.result)
  }

  /// What is served; the first is asked where a request names none.
  public func models() async throws(ClientError) -> [ServedModel] {
    try read(ServedModelList.self, try await send(request("v1/models"))).models
  }

  /// Whether the service can be reached and takes pictures now.
  public func isReady() async -> Bool {
    do {
      _ = try await exchange(request("readyz"))
      return true
    } catch { return false }
  }
}

// MARK: - Requests

extension DetectionClient {
  private func request(_ path: String) -> URLRequest {
    var request = URLRequest(url: url.appending(path: path))
    if let apiKey { request.setValue("Bearer \(apiKey)", forHTTPHeaderField: "Authorization") }
    // Errors of /detect are asked for too, so that a proxy before the service answers in the same way.
    request.setValue("application/json, application/problem+json", forHTTPHeaderField: "Accept")
    return request
  }

  private func post(
    _ body: Data, as contentType: String, _ options: DetectOptions
  ) async throws(ClientError) -> Data {
    var request = request("detect")
    request.url = request.url.map(options.added(to:))
    request.httpMethod = "POST"
    request.httpBody = body
    request.setValue(contentType, forHTTPHeaderField: "Content-Type")
    if let timeout = options.timeout {
      request.setValue("\(timeout.milliseconds)", forHTTPHeaderField: "X-Request-Timeout-Ms")
      // The service answers by then; what is on its way after that has time to arrive.
      request.timeoutInterval = Double(timeout.milliseconds) / 1000 + 10
    }
    return try await send(request)
  }

  /// The body of a successful answer, after as many requests as ``retry`` allows.
  private func send(_ request: URLRequest) async throws(ClientError) -> Data {
    var sent = 1
    while true {
      do throws(ClientError) { return try await exchange(request) } catch {
        guard case .refused(let problem) = error, let wait = retry.wait(after: problem, sent: sent) else {
          throw error
        }
        do { try await pause(wait) } catch { throw .cancelled }
        sent += 1
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
      throw .unexpectedAnswer("not one of HTTP")
    }
    guard (200..<300).contains(response.statusCode) else {
      throw .refused(Problem(response, body))
    }
    return body
  }

  private func read<Answer: Decodable>(
    _ type: Answer.Type, _ body: Data
  ) throws(ClientError) -> Answer {
    do { return try JSONDecoder().decode(type, from: body) } catch {
      throw .unexpectedAnswer("\(error)")
    }
  }
}

extension Duration {
  /// Rounded up, so that little time is not none.
  fileprivate var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
