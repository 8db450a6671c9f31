/// The address under which a browser on the same machine finds the service.
package enum BrowserAddress {
  /// - Parameter address: where a server listens: `127.0.0.1:8080`, `[::]:8080` or the path of a socket.
  /// - Returns: `nil` for a socket that has a path.
  package static func url(_ address: String) -> String? {
    guard !address.contains("/"), let colon = address.lastIndex(of: ":") else { return nil }
    let host = address[..<colon]
    // The addresses for "all interfaces" are no destinations.
    let isAny = host == "0.0.0.0" || host == "[::]" || host == "::"
    return "http://\(isAny ? "localhost" : host)\(address[colon...])/"
  }
}
