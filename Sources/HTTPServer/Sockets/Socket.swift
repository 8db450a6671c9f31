import PlatformC

/// Owns a socket descriptor and closes it at the end of its lifetime.
struct Socket: ~Copyable {
  let descriptor: Int32

  init(adopting descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  enum Transfer: Equatable {
    case bytes(Int)
    /// The peer has ended sending.
    case endOfFile
    case wouldBlock
    /// The connection is broken.
    case failed(Int32)
  }

  func receive(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Transfer {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .endOfFile }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK: return .wouldBlock
      default: return .failed(errno)
      }
    }
  }

  func send(_ bytes: UnsafeBufferPointer<UInt8>) -> Transfer {
    #if os(Linux)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0  // prepareForTraffic() sets SO_NOSIGPIPE
    #endif
    while true {
      let count = systemSend(descriptor, bytes, flags)
      if count >= 0 { return .bytes(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK: return .wouldBlock
      default: return .failed(errno)
      }
    }
  }

  var localAddress: SocketAddress? { SocketAddress(of: descriptor) { getsockname($0, $1, $2) } }

  var remoteAddress: SocketAddress? { SocketAddress(of: descriptor) { getpeername($0, $1, $2) } }

  /// Whether the peer has reset the connection. Does not read from the socket.
  var isReset: Bool {
    var state = pollfd(fd: descriptor, events: 0, revents: 0)
    return poll(&state, 1, 0) > 0 && Int32(state.revents) & (Int32(POLLERR) | Int32(POLLHUP)) != 0
  }

  /// Closes the sending side, so that the peer sees the end of the last response even while it is still sending.
  func shutdownWrite() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Makes the socket non-blocking, disables Nagle's algorithm, and turns SIGPIPE into an error code.
  func prepareForTraffic() {
    setNonBlocking(descriptor)
    set(tcpLevel, TCP_NODELAY)
    #if canImport(Darwin)
      set(SOL_SOCKET, SO_NOSIGPIPE)
    #endif
  }

  func set(_ level: Int32, _ option: Int32) {
    var on: Int32 = 1
    // Failure is not an error: a Unix socket, for example, has no TCP_NODELAY.
    _ = setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
  }
}

private let tcpLevel = Int32(IPPROTO_TCP)  // swift-format-ignore: AlwaysUseLowerCamelCase

func setNonBlocking(_ descriptor: Int32) {
  let flags = fcntl(descriptor, F_GETFL)
  _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
  _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
}

/// Calls `send(2)`, which ``Socket/send(_:)`` shadows.
private func systemSend(_ descriptor: Int32, _ bytes: UnsafeBufferPointer<UInt8>, _ flags: Int32) -> Int {
  send(descriptor, bytes.baseAddress, bytes.count, flags)
}
