import PlatformC

extension Socket {
  static let backlog: Int32 = 1024

  /// Listens on every address of `host` at `port`. If `port` is 0, the system chooses one port for all addresses.
  static func listen(
    host: String, port: Int, reusesPort: Bool, each: (consuming Socket) -> Void
  ) throws(SocketError) {
    var port = port
    var count = 0
    var unavailable = SocketError.unknownHost(host, reason: "it has no addresses")
    for var address in try SocketAddress.resolve(host: host, port: port) {
      address.port = port
      do {
        let listener = try stream(address.family, for: "\(host):\(port)")
        listener.set(SOL_SOCKET, SO_REUSEADDR)
        if reusesPort { listener.set(SOL_SOCKET, SO_REUSEPORT) }
        try listener.listen(on: address, named: "\(host):\(port)")
        port = listener.localAddress?.port ?? port
        count += 1
        each(listener)
      } catch {
        // Skip an address that this machine does not have, such as IPv6 in a container. A port in use is an error.
        guard case .cannotListen(_, let reason) = error,
          [EAFNOSUPPORT, EADDRNOTAVAIL].contains(reason.code)
        else { throw error }
        unavailable = error
      }
    }
    if count == 0 { throw unavailable }
  }

  /// Listens on a Unix socket at `path`. Replaces a socket that a killed server has left behind.
  static func listen(path: String, permissions: UInt32) throws(SocketError) -> Socket {
    let address = try SocketAddress(path: path)
    var existing = stat()
    if lstat(path, &existing) == 0 {
      guard existing.st_mode & S_IFMT == S_IFSOCK else { throw .pathInUse(path) }
      let client = try stream(AF_UNIX, for: path)
      let status = address.withPointer { connect(client.descriptor, $0, $1) }
      guard status != 0, errno == ECONNREFUSED else { throw .pathInUse(path) }
      unlink(path)
    }
    let listener = try stream(AF_UNIX, for: path)
    try listener.listen(on: address, named: path) { () throws(SocketError) in
      // Clients cannot connect before listen(2), so they never see wider permissions.
      guard chmod(path, mode_t(permissions)) == 0 else { throw .cannotListen(address: path, .last("chmod")) }
    }
    return listener
  }

  /// Adopts a listening socket that another process has opened.
  static func inherited(_ descriptor: Int32) throws(SocketError) -> Socket {
    var isListening: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    let status = getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length)
    guard status == 0, isListening != 0 else { throw .notListening(descriptor: descriptor) }
    setNonBlocking(descriptor)
    return Socket(adopting: descriptor)
  }

  private static func stream(_ family: Int32, for name: String) throws(SocketError) -> Socket {
    let descriptor = socket(family, SocketAddress.streamType, 0)
    guard descriptor >= 0 else { throw .cannotListen(address: name, .last("socket")) }
    return Socket(adopting: descriptor)
  }

  private func listen(
    on address: SocketAddress, named name: String, afterBind: () throws(SocketError) -> Void = {}
  ) throws(SocketError) {
    let bound = address.withPointer { bind(descriptor, $0, $1) }
    guard bound == 0 else { throw .cannotListen(address: name, .last("bind")) }
    try afterBind()
    guard systemListen(descriptor, Socket.backlog) == 0 else {
      throw .cannotListen(address: name, .last("listen"))
    }
    setNonBlocking(descriptor)
  }

  enum AcceptResult: ~Copyable {
    case connection(Socket)
    case none
    /// The process or the system has no free descriptor.
    case descriptorsExhausted
  }

  func acceptNext() -> AcceptResult {
    while true {
      let accepted = accept(descriptor, nil, nil)
      if accepted >= 0 { return .connection(Socket(adopting: accepted)) }
      switch errno {
      case EINTR, ECONNABORTED: continue
      // Linux takes a descriptor before it looks into the backlog, so the backlog may be empty.
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return hasBacklog ? .descriptorsExhausted : .none
      default: return .none
      }
    }
  }

  /// Whether a connection waits to be accepted.
  private var hasBacklog: Bool {
    var listening = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&listening, 1, 0) > 0
  }
}

/// Calls `listen(2)`, which the extension's methods shadow.
private func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
