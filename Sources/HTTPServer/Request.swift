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
    let options = (fields[values: .connection].joined(separator: ",")).lowercased().split(separator: ",")
      .map { $0.filter { !$0.isWhitespace } }
    return isHTTP10 ? options.contains("keep-alive") : !options.contains("close")
  }
}

package struct Request: Sendable {
  package let head: RequestHead
  package let body: [UInt8]
  /// When the first byte of it came.
  package let received: ContinuousClock.Instant

  package init(head: RequestHead, body: [UInt8], received: ContinuousClock.Instant = .now) {
    self.head = head
    self.body = body
    self.received = received
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
  case suspending(@Sendable (Request) async -> Response)
}
