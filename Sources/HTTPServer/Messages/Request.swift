import HTTPTypes

package struct Request: Sendable {
  package let head: RequestHead
  package let body: [UInt8]
  /// When the last byte of the request arrived; for a pipelined request, not before the previous response was made. The
  /// request's deadline counts from here.
  package let receivedAt: ContinuousClock.Instant
  /// The path segments that match the `{name}` placeholders of the route, by name.
  package let parameters: [String: String]
  /// The client's address and port, or `unix` for a Unix socket.
  package let peer: String
  /// The client's name, as ``ServerHooks/authorize`` granted the request.
  package let client: String?
  /// Reserves memory of the server for the request, to a total in bytes that includes the body, until the response is made.
  /// Returns `false` if the server has no more. Call it from one thread at a time.
  package let reserveMemory: @Sendable (_ total: Int) -> Bool

  package init(
    head: RequestHead, body: [UInt8], receivedAt: ContinuousClock.Instant = .now,
    parameters: [String: String] = [:], peer: String = "", client: String? = nil,
    reserveMemory: @escaping @Sendable (_ total: Int) -> Bool = { _ in true }
  ) {
    self.head = head
    self.body = body
    self.receivedAt = receivedAt
    self.parameters = parameters
    self.peer = peer
    self.client = client
    self.reserveMemory = reserveMemory
  }

  /// The request with a decoded body, and without the field that says how that was encoded.
  func replacingBody(_ body: [UInt8]) -> Request {
    var head = head
    head.fields[.contentEncoding] = nil
    return Request(
      head: head, body: body, receivedAt: receivedAt, parameters: parameters, peer: peer, client: client,
      reserveMemory: reserveMemory)
  }

  package var method: HTTPRequest.Method { head.method }
  /// Percent-decoded.
  package var path: String { head.target.path }
  package var query: [RequestTarget.Parameter] { head.target.query }
  package var fields: HTTPFields { head.fields }
}
