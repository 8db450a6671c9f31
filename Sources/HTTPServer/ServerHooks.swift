/// What the application says to all requests alike, beside the answers of its routes.
package struct ServerHooks: Sendable {
  /// Makes an answer of a refusal. The head is there if the request was understood that far.
  package var refused: @Sendable (HTTPError, RequestHead?) -> Response
  /// An answer to a request that will not be served whatever its body is: the body is not read then. Asked for each
  /// request before its route is.
  package var screened: @Sendable (RequestHead) -> Response? = { _ in nil }
  /// Adds what every answer has. The head is there if the request was understood that far.
  package var completed: @Sendable (Response, RequestHead?) -> Response = { response, _ in response }

  package init(refused: @escaping @Sendable (HTTPError, RequestHead?) -> Response) { self.refused = refused }
}
