#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

package enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
  case unknownHost(String, reason: String)
  case cannotListen(address: String, SystemError)

  package var description: String {
    switch self {
    case .unknownHost(let host, let reason): "\(host): \(reason)"
    case .cannotListen(let address, let error): "cannot listen on \(address): \(error)"
    }
  }
}

extension Socket {
  /// Listens on `host` (a name, an IPv4 or an IPv6 address) and `port`; 0 lets the system choose one.
  static func listening(host: String, port: Int) throws(ServerError) -> Socket {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    #if os(Linux)
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      hints.ai_socktype = SOCK_STREAM
    #endif
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &found)
    guard status == 0, let address = found else {
      throw .unknownHost(host, reason: String(cString: gai_strerror(status)))
    }
    defer { freeaddrinfo(address) }

    let name = "\(host):\(port)"
    let descriptor = socket(
      address.pointee.ai_family, address.pointee.ai_socktype, address.pointee.ai_protocol)
    guard descriptor >= 0 else { throw .cannotListen(address: name, .last("socket")) }
    let listener = Socket(adopting: descriptor)
    listener.set(SOL_SOCKET, SO_REUSEADDR)
    guard bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 else {
      throw .cannotListen(address: name, .last("bind"))
    }
    guard listen(descriptor, 1024) == 0 else { throw .cannotListen(address: name, .last("listen")) }
    setNonBlocking(descriptor)
    return listener
  }

  enum Acceptance: ~Copyable {
    case connection(Socket)
    case none
    /// No descriptor is left for it.
    case exhausted
  }

  func acceptNext() -> Acceptance {
    while true {
      let accepted = accept(descriptor, nil, nil)
      if accepted >= 0 { return .connection(Socket(adopting: accepted)) }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
      default: return .none
      }
    }
  }

  /// The port that it is bound to.
  var port: Int {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard status == 0 else { return 0 }
    return withUnsafeBytes(of: address) { raw in
      // sin_port and sin6_port lie at the same place, in network order.
      Int(UInt16(bigEndian: raw.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
    }
  }
}
