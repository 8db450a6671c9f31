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
    isHTTP10 ? hasConnectionOption("keep-alive") : !hasConnectionOption("close")
  }

  /// Whether the head tells the length of the body (RFC 9112, section 6.3).
  var hasBodyLength: Bool { fields[.contentLength] != nil || fields[.transferEncoding] != nil }

  private func hasConnectionOption(_ option: StaticString) -> Bool {
    fields[values: .connection].contains { value in
      value.utf8.split(separator: UInt8(ascii: ",")).contains {
        Substring($0).trimmingBlanks.isEqualIgnoringASCIICase(option)
      }
    }
  }
}
