import HTTPServer
import PlatformC

/// A minimal HTTP client for the `health` command: requests one path from a service and returns the status code of its
/// response. Blocks, each step for no longer than the timeout.
package struct HealthProbe: Sendable {
  package enum ProbeError: Error, CustomStringConvertible {
    case address(SocketError)
    case connection(SystemError)
    case invalidResponse

    package var description: String {
      switch self {
      case .address(let error): "\(error)"
      case .connection(let error): "cannot connect: \(error)"
      case .invalidResponse: "no HTTP response"
      }
    }
  }

  private let host: String
  private let port: Int
  private let unixSocket: String?
  private let timeout: Duration

  /// - Parameter unixSocket: path of a Unix socket, instead of host and port.
  package init(host: String, port: Int, unixSocket: String?, timeout: Duration) {
    self.host = host
    self.port = port
    self.unixSocket = unixSocket
    self.timeout = timeout
  }

  package func status(of path: String) throws(ProbeError) -> Int {
    let descriptor = try connectedSocket()
    defer { close(descriptor) }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      throw .invalidResponse
    }
    var response: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 256)
    // "HTTP/1.1 200" is all that is needed.
    while response.count < 12 {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { throw .invalidResponse }
      response += buffer[..<count]
    }
    let words = String(decoding: response, as: UTF8.self).split(separator: " ", maxSplits: 2)
    guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1].prefix(3)) else {
      throw .invalidResponse
    }
    return status
  }

  private func connectedSocket() throws(ProbeError) -> Int32 {
    let addresses: [SocketAddress]
    do throws(SocketError) {
      if let unixSocket {
        addresses = [try SocketAddress(path: unixSocket)]
      } else {
        addresses = try SocketAddress.resolve(host: host, port: port)
      }
    } catch { throw .address(error) }
    var failure = SystemError.last("connect")
    for address in addresses {
      let descriptor = socket(address.family, SocketAddress.streamType, 0)
      guard descriptor >= 0 else {
        failure = .last("socket")
        continue
      }
      let parts = timeout.components
      var limit = timeval(
        tv_sec: .init(parts.seconds), tv_usec: .init(parts.attoseconds / 1_000_000_000_000))
      for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
        setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
      }
      if address.withPointer({ connect(descriptor, $0, $1) }) == 0 { return descriptor }
      failure = .last("connect")
      close(descriptor)
    }
    throw .connection(failure)
  }
}
