import Dispatch

/// Accepts connections from a listening socket.
///
/// `@unchecked Sendable`: after `start`, everything happens on `queue`.
final class Listener: @unchecked Sendable {
  /// The local address as text.
  let address: String
  /// 0 for a Unix socket.
  let port: Int

  private var socket: Socket?
  private let descriptor: Int32
  private let queue: DispatchQueue
  private var source: (any DispatchSourceRead)?
  private let onAccept: @Sendable (consuming Socket, _ peer: String) -> Void
  private let onDescriptorsExhausted: @Sendable (_ retry: @escaping @Sendable () -> Void) -> Void
  private var isPaused = false
  private var isClosing = false

  /// - Parameters:
  ///   - onAccept: called on `queue` with each accepted connection.
  ///   - onDescriptorsExhausted: called on `queue` when no file descriptor is free for a connection. A call of `retry`
  ///     makes the listener try again at once; without it, it tries again after a pause.
  init(
    _ socket: consuming Socket, queue: DispatchQueue,
    onAccept: @escaping @Sendable (consuming Socket, _ peer: String) -> Void,
    onDescriptorsExhausted: @escaping @Sendable (_ retry: @escaping @Sendable () -> Void) -> Void
  ) {
    let local = socket.localAddress
    address = local?.text ?? ""
    port = local?.port ?? 0
    descriptor = socket.descriptor
    self.socket = consume socket
    self.queue = queue
    self.onAccept = onAccept
    self.onDescriptorsExhausted = onDescriptorsExhausted
  }

  func start() {
    queue.sync {
      let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
      source.setEventHandler { [weak self] in self?.acceptAll() }
      source.resume()
      self.source = source
    }
  }

  /// Accepts the connections in the backlog, then closes the socket.
  func close() async {
    await withCheckedContinuation { continuation in close { continuation.resume() } }
  }

  /// The same, with a completion. Required before the listener is released: Dispatch traps when a suspended source is
  /// released.
  func close(completion: @escaping @Sendable () -> Void) {
    queue.async { [self] in
      guard let source else { return completion() }
      acceptAll()
      isClosing = true
      resume()
      source.setCancelHandler { [self] in
        // Accept again: closing the descriptor resets the connections that are still in the backlog.
        acceptAll()
        socket = nil
        completion()
      }
      source.cancel()
    }
  }

  /// Accepts the connections in the backlog. Bounded, because new ones may arrive faster than they are accepted.
  private func acceptAll() {
    for _ in 0..<Socket.backlog {
      switch socket?.acceptNext() ?? .none {
      case .none: return
      case .descriptorsExhausted:
        pause()
        return onDescriptorsExhausted { [weak self] in self?.retry() }
      case .connection(let accepted):
        let peer = accepted.remoteAddress?.text ?? ""
        onAccept(accepted, peer)
      }
    }
  }

  /// Stops accepting for a moment. Without free descriptors the socket would stay readable and the loop would spin.
  private func pause() {
    guard !isPaused, !isClosing else { return }
    isPaused = true
    source?.suspend()
    queue.asyncAfter(deadline: .now() + .milliseconds(200)) { [weak self] in self?.resume() }
  }

  private func retry() { queue.async { [weak self] in self?.resume() } }

  private func resume() {
    guard isPaused else { return }
    isPaused = false
    source?.resume()
  }
}
