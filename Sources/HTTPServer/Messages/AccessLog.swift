/// What only the application knows of a request, for the access log. A handler sets it on its response.
package struct AccessLogFields: Sendable, Equatable {
  /// The pattern of the path, such as `/v1/models/{name}`.
  package var route: String?
  package var requestID: String?
  package var images: Int?
  package var model: String?
  /// Name of the API key, never the key.
  package var keyName: String?
  /// Why the request was rejected.
  package var reason: String?

  package init() {}
}

/// One answered request. Requests that the server itself rejects, and connections that it rejects, are records too.
package struct AccessRecord: Sendable {
  /// A status outside HTTP for a connection that ends before the response, mostly because the client disconnects; nginx's.
  package static let noResponse = 499

  package let peer: String
  /// `nil` if the request could not be parsed that far.
  package let head: RequestHead?
  package let status: Int
  /// Bytes of the request as sent, with its head and framing.
  package let bytesReceived: Int
  /// Bytes of the response with its head.
  package let bytesSent: Int
  /// From the last byte of the request until its response is made.
  package let duration: Duration
  package let fields: AccessLogFields
}
