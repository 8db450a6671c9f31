/// Why a server cannot start.
package enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
  case unknownHost(String, reason: String)
  case cannotListen(address: String, SystemError)
  /// A Unix socket's path has to fit into the system's address.
  case pathTooLong(String, limit: Int)
  /// Something else than a socket that nobody listens on any more lies where the Unix socket should be.
  case occupied(path: String)
  /// A descriptor that was handed over is not a listening socket.
  case notListening(descriptor: Int32)
  case noEventLoop(SystemError)

  package var description: String {
    switch self {
    case .unknownHost(let host, let reason): "\(host): \(reason)"
    case .cannotListen(let address, let error): "cannot listen on \(address): \(error)"
    case .pathTooLong(let path, let limit): "the path \(path) is longer than \(limit) bytes"
    case .occupied(let path): "\(path) is there already, and is in use or not a socket"
    case .notListening(let descriptor): "the inherited descriptor \(descriptor) is not a listening socket"
    case .noEventLoop(let error): "cannot wait for sockets: \(error)"
    }
  }
}
