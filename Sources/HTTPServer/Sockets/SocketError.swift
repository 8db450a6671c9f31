/// Why a server cannot start.
package enum SocketError: Error, Equatable, Sendable, CustomStringConvertible {
  case unknownHost(String, reason: String)
  case cannotListen(address: String, SystemError)
  /// The path of a Unix socket does not fit into `sockaddr_un`.
  case pathTooLong(String, limit: Int)
  /// The path of the Unix socket is a file of another kind, or a socket on which another process listens.
  case pathInUse(String)
  /// An inherited descriptor is not a listening socket.
  case notListening(descriptor: Int32)
  case noEventPoll(SystemError)

  package var description: String {
    switch self {
    case .unknownHost(let host, let reason): "\(host): \(reason)"
    case .cannotListen(let address, let error): "cannot listen on \(address): \(error)"
    case .pathTooLong(let path, let limit): "the path of the Unix socket exceeds \(limit) bytes: \(path)"
    case .pathInUse(let path): "\(path) exists and is in use or is not a socket"
    case .notListening(let descriptor): "the inherited descriptor \(descriptor) is not a listening socket"
    case .noEventPoll(let error): "cannot watch sockets: \(error)"
    }
  }
}
