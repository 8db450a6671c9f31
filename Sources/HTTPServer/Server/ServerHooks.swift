/// The application's part in every request, in addition to the handlers of its routes.
package struct ServerHooks: Sendable {
  /// Turns an error into a response. The head is `nil` if the request could not be parsed that far.
  package var errorResponse: @Sendable (HTTPError, RequestHead?) -> Response
  /// Runs once per request, before the route's handler and, for a request with a body, before the body is read.
  package var authorize: @Sendable (RequestHead) -> Authorization = { _ in .granted(client: nil) }
  /// Runs last on every response, for example to add header fields. The head is `nil` if the request could not be parsed
  /// that far.
  package var finalize: @Sendable (Response, RequestHead?) -> Response = { response, _ in response }
  /// Whether a request is a probe, for which the server keeps a few connections in reserve.
  package var isProbe: @Sendable (RequestHead) -> Bool = { _ in false }
  /// Receives every request once its response is made, on an event loop: it must not block.
  package var logAccess: @Sendable (AccessRecord) -> Void = { _ in }
  /// Receives what an operator counts, on an event loop or the accepting queue: it must not block.
  package var handleEvent: @Sendable (ServerEvent) -> Void = { _ in }

  package init(errorResponse: @escaping @Sendable (HTTPError, RequestHead?) -> Response) {
    self.errorResponse = errorResponse
  }
}

/// Whether a request is served.
package enum Authorization: Sendable {
  /// - Parameter client: the name that the application has for the client, if it knows one.
  case granted(client: String?)
  case denied(Response)
}

/// Something that an operator counts and that belongs to no single request.
package enum ServerEvent: Sendable, Equatable {
  package enum RejectionReason: String, Sendable, CaseIterable {
    /// `maxConnections` are open and none is idle. The client got 503.
    case connectionLimit = "connection_limit"
    /// The connections in reserve are in use too. The connection was closed without a response.
    case reserveExhausted = "reserve_exhausted"
  }

  package enum TimeoutPhase: String, Sendable, CaseIterable {
    case idle, head, body, write, linger
  }

  case connectionRejected(RejectionReason)
  /// An idle connection was closed to make room for a new one.
  case idleConnectionEvicted
  case timeout(TimeoutPhase)
  /// The process or the system has no free descriptor (EMFILE, ENFILE).
  case descriptorsExhausted
  /// The descriptor limit is too low for the configured number of connections.
  case connectionLimitReduced(from: Int, to: Int)
}
