import HTTPServer
import HTTPTypes

/// Gives every response its request id, its metrics and the facts for its line in the access log.
struct RouteInstrumentation: Sendable {
  let metrics: ServiceMetrics

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

  /// Counts the response to a request that reached no route.
  func rejected(_ response: Response, reason: String) -> Response {
    metrics.rejected(status: response.status.code)
    var response = response
    response.logFields.reason = reason
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
    response.logFields.route = route
    return response
  }
}
