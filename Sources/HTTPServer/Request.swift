import HTTPTypes

/// A request whose head has been read and checked.
package struct RequestHead: Sendable, Equatable {
  package var method: HTTPRequest.Method
  package var target: RequestTarget
  /// 1.0 has no persistent connections unless asked for.
  package var isHTTP10: Bool
  package var fields: HTTPFields

  /// RFC 9112, section 9.3.
  package var keepsAlive: Bool {
    isHTTP10 ? connectionOptions.contains("keep-alive") : !connectionOptions.contains("close")
  }

  private var connectionOptions: [String] {
    fields[values: .connection].flatMap { $0.split(separator: ",") }
      .map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
  }
}

package struct Request: Sendable {
  package let head: RequestHead
  package let body: [UInt8]
  /// When the first byte of it came.
  package let received: ContinuousClock.Instant
  /// What stands in the path for the names in braces of the route.
  package let parameters: [String: String]
  /// The client's address and port as text; `unix` over a Unix socket.
  package let peer: String

  package init(
    head: RequestHead, body: [UInt8], received: ContinuousClock.Instant = .now,
    parameters: [String: String] = [:], peer: String = ""
  ) {
    self.head = head
    self.body = body
    self.received = received
    self.parameters = parameters
    self.peer = peer
  }

  package var method: HTTPRequest.Method { head.method }
  /// Percent-decoded.
  package var path: String { head.target.path }
  package var query: [RequestTarget.Parameter] { head.target.query }
  package var fields: HTTPFields { head.fields }
}

package struct Response: Sendable {
  package var status: HTTPResponse.Status
  package var fields: HTTPFields
  package var body: [UInt8]

  package init(_ status: HTTPResponse.Status, fields: HTTPFields = [:], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  package init(_ status: HTTPResponse.Status, contentType: String, _ text: String) {
    self.init(status, fields: [.contentType: contentType], body: Array(text.utf8))
  }
}

/// What a server calls for each request. A closure that answers at once saves the way through the scheduler.
package enum Handler: Sendable {
  /// Runs on the connection's event loop and must not wait for anything.
  case immediate(@Sendable (Request) -> Response)
  /// Runs as a task, which is cancelled when the client goes: what it waits for should end then.
  case suspending(@Sendable (Request) async -> Response)
}
