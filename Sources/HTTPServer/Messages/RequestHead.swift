import HTTPTypes

/// A request line and its header fields, parsed and validated.
package struct RequestHead: Sendable, Equatable {
  package var method: HTTPRequest.Method
  package var target: RequestTarget
  /// HTTP/1.0 has no persistent connections unless the client asks for one.
  package var isHTTP10: Bool
  package var fields: HTTPFields

  /// Whether the client wants the connection to persist (RFC 9112, section 9.3).
  package var keepsAlive: Bool {
    isHTTP10 ? connectionOptions.contains("keep-alive") : !connectionOptions.contains("close")
  }

  private var connectionOptions: [String] {
    fields[values: .connection].flatMap { $0.split(separator: ",") }
      .map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
  }
}
