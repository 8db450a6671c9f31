import HTTPServer
import HTTPTypes
import Imaging
import Logging
import YOLOX

/// What the service answers.
struct Routes: Sendable {
  let detector: Detector
  let configuration: Service.Configuration
  let readiness: Readiness
  let metrics: ServiceMetrics
  let logger: Logger
  private let workers: PreparationWorkers

  init(
    detector: Detector, configuration: Service.Configuration, readiness: Readiness, metrics: ServiceMetrics,
    logger: Logger
  ) {
    self.detector = detector
    self.configuration = configuration
    self.readiness = readiness
    self.metrics = metrics
    self.logger = logger
    workers = PreparationWorkers(count: configuration.threads)
  }

  func router(_ connections: OpenConnections) -> Router {
    let observed = Observation(metrics: metrics, logger: logger)
    var router = Router()
    router.on(.post, "/detect", observed.suspending("/detect", detect))
    router.on(.get, "/healthz", observed.immediate("/healthz") { _ in Routes.status("ok") })
    router.on(
      .get, "/readyz",
      observed.immediate("/readyz") { [readiness] _ in
        readiness.isReady ? Routes.status("ready") : Problem.notReady.response
      })
    router.on(
      .get, "/metrics",
      observed.immediate("/metrics") { [metrics] _ in
        Response(
          .ok, contentType: "text/plain; version=0.0.4; charset=utf-8",
          metrics.text(connections: connections.count))
      })
    for file in Page.files {
      let response = Page.response(file.type, file.bytes)
      router.on(.get, file.path, observed.immediate(file.path) { _ in response })
    }
    return router
  }

  private static func status(_ word: String) -> Response {
    Response(.ok, contentType: "application/json", #"{"status":"\#(word)"}"#)
  }

  @Sendable private func detect(_ request: Request) async -> Response {
    do throws(Problem) { return try await answer(request) } catch { return error.response }
  }

  /// bytes -> picture -> network input -> boxes -> JSON
  private func answer(_ request: Request) async throws(Problem) -> Response {
    let start = ContinuousClock.now
    guard let representation = Representation(accepting: request.fields) else { throw .notAcceptable }
    if let type = request.fields[.contentType], !Routes.isPicture(type) { throw .unsupportedType(type) }
    let query: DetectQuery
    do { query = try DetectQuery(request.query, model: detector.model) } catch { throw Problem(error) }

    let isDrawn = representation == .jpeg || representation == .png
    let picture = try await onWorker { [detector, limits = configuration.imageLimits] in
      PreparedPicture.make(request.body, for: detector.model, limits: limits, keepsPicture: isDrawn)
    }
    let result: DetectionResult
    do { result = try await detector.detect(picture.image, options: query.options) } catch {
      throw Problem(error)
    }
    metrics.answered(picture, result)
    let answer = DetectionAnswer(model: detector.model, picture: picture, result: result, start: start)
    // Drawing and encoding take as long as decoding; the rest is quick enough to be done here.
    guard isDrawn else {
      do { return try answer.response(as: representation) } catch { throw Problem(error) }
    }
    return try await onWorker {
      Swift.Result { () throws(ImageError) in try answer.response(as: representation) }
    }
  }

  private func onWorker<Value: Sendable>(
    _ work: @escaping @Sendable () -> Swift.Result<Value, ImageError>
  ) async throws(Problem) -> Value {
    do { return try await workers.run(work) } catch { throw Problem(error) }
  }

  /// Whether a body that calls itself so is looked into. What it is, its bytes tell.
  private static func isPicture(_ type: String) -> Bool {
    let essence = type.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
    // curl calls every body of --data-binary a form; people post pictures with it.
    return essence.isEmpty || essence.hasPrefix("image/")
      || ["application/octet-stream", "application/x-www-form-urlencoded"].contains(essence)
  }
}
