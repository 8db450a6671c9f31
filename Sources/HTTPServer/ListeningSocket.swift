#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Socket {
  static let backlog: Int32 = 1024

  /// Listens on each address of `host` at `port`; if that is 0, the system chooses one for all.
  static func listen(
    host: String, port: Int, sharesPort: Bool, each: (consuming Socket) -> Void
  ) throws(ServerError) {
    var port = port
    var count = 0
    var absent = ServerError.unknownHost(host, reason: "it has no addresses")
    for var address in try SocketAddress.resolve(host: host, port: port) {
      address.port = port
      do {
        let listener = try stream(address.family, for: "\(host):\(port)")
        listener.set(SOL_SOCKET, SO_REUSEADDR)
        if sharesPort { listener.set(SOL_SOCKET, SO_REUSEPORT) }
        try listener.listen(on: address, named: "\(host):\(port)")
        port = listener.localAddress?.port ?? port
        count += 1
        each(listener)
      } catch {
        // A name may have an address that this machine has not, as IPv6 in a container. A port in use is an error.
        guard case .cannotListen(_, let reason) = error,
          [EAFNOSUPPORT, EADDRNOTAVAIL].contains(reason.code)
        else { throw error }
        absent = error
      }
    }
    if count == 0 { throw absent }
  }

  /// Listens on a Unix socket at `path`. One that a server left behind when it was killed is replaced.
  static func listening(path: String, permissions: UInt32) throws(ServerError) -> Socket {
    let address = try SocketAddress(path: path)
    var existing = stat()
    if lstat(path, &existing) == 0 {
      guard existing.st_mode & S_IFMT == S_IFSOCK else { throw .occupied(path: path) }
      let client = try stream(AF_UNIX, for: path)
      let status = address.withPointer { connect(client.descriptor, $0, $1) }
      guard status != 0, errno == ECONNREFUSED else { throw .occupied(path: path) }
      unlink(path)
    }
    let listener = try stream(AF_UNIX, for: path)
    try listener.listen(on: address, named: path) { () throws(ServerError) in
      // Nobody can connect before it listens, so there is no moment with wider permissions.
      guard chmod(path, mode_t(permissions)) == 0 else { throw .cannotListen(address: path, .last("chmod")) }
    }
    return listener
  }

  /// A socket that was opened and listens already.
  static func inherited(_ descriptor: Int32) throws(ServerError) -> Socket {
    var isListening: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    let status = getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length)
    guard status == 0, isListening != 0 else { throw .notListening(descriptor: descriptor) }
    setNonBlocking(descriptor)
    return Socket(adopting: descriptor)
  }

  private static func stream(_ family: Int32, for name: String) throws(ServerError) -> Socket {
    let descriptor = socket(family, SocketAddress.streamType, 0)
    guard descriptor >= 0 else { throw .cannotListen(address: name, .last("socket")) }
    return Socket(adopting: descriptor)
  }

  private func listen(
    on address: SocketAddress, named name: String, onceBound: () throws(ServerError) -> Void = {}
  ) throws(ServerError) {
    let bound = address.withPointer { bind(descriptor, $0, $1) }
    guard bound == 0 else { throw .cannotListen(address: name, .last("bind")) }
    try onceBound()
    guard systemListen(descriptor, Socket.backlog) == 0 else {
      throw .cannotListen(address: name, .last("listen"))
    }
    setNonBlocking(descriptor)
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
}

/// Within the extension, `listen` is ours.
private func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
