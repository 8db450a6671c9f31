import HTTPServer
import HTTPTypes
import Logging

/// Gives every response its request id, a log line and its metrics.
struct RouteInstrumentation: Sendable {
  let metrics: ServiceMetrics
  let logger: Logger

  func suspending(_ route: String, _ handler: @escaping @Sendable (Request) async -> Response) -> Handler {
    let routeMetrics = metrics.route(route)
    return .suspending { request in
      metrics.requestBegan()
      defer { metrics.requestEnded() }
      let start = ContinuousClock.now
      return record(await handler(request), to: request, route: route, start: start, routeMetrics)
    }
  }

  func immediate(_ route: String, _ handler: @escaping @Sendable (Request) -> Response) -> Handler {
    let routeMetrics = metrics.route(route)
    return .immediate { request in
      let start = ContinuousClock.now
      return record(handler(request), to: request, route: route, start: start, routeMetrics)
    }
  }

  /// Counts and logs the response to a request that reached no route.
  func rejected(_ response: Response, reason: String) -> Response {
    metrics.rejected(status: response.status.code)
    logger.info("rejected", metadata: ["status": "\(response.status.code)", "reason": "\(reason)"])
    return response
  }

  private func record(
    _ response: Response, to request: Request, route: String, start: ContinuousClock.Instant,
    _ routeMetrics: RouteMetrics
  ) -> Response {
    var response = response
    let id = RequestID(request.fields)
    response.fields[.requestID] = id.text
    let duration = start.duration(to: .now)
    routeMetrics.responded(response.status.code, after: duration)
    // Successful probes come every few seconds and would fill the log.
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

extension HTTPField.Name {
  fileprivate static let traceparent = HTTPField.Name("traceparent")!  // a token, as the initialiser requires
}
