import HTTPServer
import HTTPTypes
import Logging

/// What is done around every route: a request id, a line in the log, a count.
struct RouteInstrumentation: Sendable {
  let metrics: ServiceMetrics
  let logger: Logger

  func suspending(_ route: String, _ handler: @escaping @Sendable (Request) async -> Response) -> Handler {
    let counts = metrics.route(route)
    return .suspending { request in
      metrics.requestBegan()
      defer { metrics.requestEnded() }
      let start = ContinuousClock.now
      return finished(request, await handler(request), route: route, start: start, counts)
    }
  }

  func immediate(_ route: String, _ handler: @escaping @Sendable (Request) -> Response) -> Handler {
    let counts = metrics.route(route)
    return .immediate { request in
      let start = ContinuousClock.now
      return finished(request, handler(request), route: route, start: start, counts)
    }
  }

  /// A request that reached no route.
  func refused(_ problem: Problem, by api: (any CompatibleRoutes)? = nil) -> Response {
    let response = api?.response(to: problem) ?? problem.response
    metrics.refused(response.status.code)
    logger.info("refused", metadata: ["status": "\(response.status.code)", "reason": "\(problem.detail)"])
    return response
  }

  private func finished(
    _ request: Request, _ response: Response, route: String, start: ContinuousClock.Instant,
    _ counts: RouteMetrics
  ) -> Response {
    var response = response
    let id = RequestID(request.fields)
    response.fields[.requestID] = id.text
    let duration = start.duration(to: .now)
    counts.answered(response.status.code, after: duration)
    // Probes come every few seconds and say nothing as long as they succeed.
    let isProbe = request.method == .get && response.status == .ok
    logger.log(
      level: isProbe ? .debug : .info, "request",
      metadata: [
        "id": "\(id.text)", "method": "\(request.method)", "route": "\(route)",
        "status": "\(response.status.code)",
        "milliseconds": "\(duration.roundedMilliseconds)",
        "peer": "\(request.peer)", "traceparent": "\(request.fields[.traceparent] ?? "-")",
      ])
    return response
  }
}

/// The client's name for its request, so that it finds it in our log; one of ours if it gives none that can be printed.
struct RequestID {
  let text: String

  init(_ fields: HTTPFields) {
    let given = fields[.requestID] ?? ""
    let isPrintable = given.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    if !given.isEmpty, given.utf8.count <= 128, isPrintable {
      text = given
    } else {
      text = String(UInt64.random(in: .min ... .max), radix: 16)
    }
  }
}

extension HTTPField.Name {
  static let requestID = HTTPField.Name("X-Request-Id")!  // tokens, as the type asks
  static let traceparent = HTTPField.Name("traceparent")!
}
