/// A route's code. An immediate handler avoids a task and a queue hop for responses that are ready at once.
package enum Handler: Sendable {
  /// Runs on the connection's event loop and must not block.
  case immediate(@Sendable (Request) -> Response)
  /// Runs in a task that is cancelled when the client disconnects.
  case suspending(@Sendable (Request) async -> Response)
}
