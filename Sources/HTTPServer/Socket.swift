#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A system call's refusal.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  package let call: String
  package let code: Int32

  package var description: String { "\(call): \(String(cString: strerror(code)))" }

  static func last(_ call: String) -> SystemError { SystemError(call: call, code: errno) }
}

/// One socket. Closed when its owner lets go of it.
struct Socket: ~Copyable {
  let descriptor: Int32

  init(adopting descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  enum Transfer: Equatable {
    case bytes(Int)
    /// The other side will send no more.
    case ended
    case wouldBlock
    /// The connection is gone.
    case failed(Int32)
  }

  func receive(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Transfer {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .ended }
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
      let flags: Int32 = 0  // SO_NOSIGPIPE is set instead
    #endif
    while true {
      #if canImport(Darwin)
        let count = Darwin.send(descriptor, bytes.baseAddress, bytes.count, flags)
      #elseif canImport(Glibc)
        let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
      #else
        let count = Musl.send(descriptor, bytes.baseAddress, bytes.count, flags)
      #endif
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

  /// Whether the other side has reset the connection, told without reading.
  var isReset: Bool {
    var state = pollfd(fd: descriptor, events: 0, revents: 0)
    return poll(&state, 1, 0) > 0 && Int32(state.revents) & (Int32(POLLERR) | Int32(POLLHUP)) != 0
  }

  /// Ends sending, so that the other side sees the end of the last answer even if it is still sending.
  func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Small answers leave at once; a closed peer is an error code, not a signal.
  func prepareForTraffic() {
    setNonBlocking(descriptor)
    set(tcpLevel, TCP_NODELAY)
    #if canImport(Darwin)
      set(SOL_SOCKET, SO_NOSIGPIPE)
    #endif
  }

  func set(_ level: Int32, _ option: Int32) {
    var on: Int32 = 1
    // Not every option applies to every kind of socket (a Unix socket has no TCP_NODELAY).
    _ = setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
  }
}

private let tcpLevel = Int32(IPPROTO_TCP)  // swift-format-ignore: AlwaysUseLowerCamelCase

func setNonBlocking(_ descriptor: Int32) {
  let flags = fcntl(descriptor, F_GETFL)
  _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
  _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
}
