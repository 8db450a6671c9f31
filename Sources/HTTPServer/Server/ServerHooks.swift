/// The application's part in every request, in addition to the handlers of its routes.
package struct ServerHooks: Sendable {
  /// Turns an error into a response. The head is `nil` if the request could not be parsed that far.
  package var errorResponse: @Sendable (HTTPError, RequestHead?) -> Response
  /// Runs before the route's handler and, for a request with a body, before the body is read. A response rejects the
  /// request; `nil` lets it continue.
  package var authorize: @Sendable (RequestHead) -> Response? = { _ in nil }
  /// Runs last on every response, for example to add header fields. The head is `nil` if the request could not be parsed
  /// that far.
  package var finalize: @Sendable (Response, RequestHead?) -> Response = { response, _ in response }

  package init(errorResponse: @escaping @Sendable (HTTPError, RequestHead?) -> Response) {
    self.errorResponse = errorResponse
  }
}
