import Dispatch

/// A listening socket and the watch on it.
///
/// `@unchecked Sendable`: after `start`, everything happens on `queue`.
final class Listener: @unchecked Sendable {
  /// What to say that the server listens on.
  let address: String
  /// 0 if it is none of TCP.
  let port: Int

  private var socket: Socket?
  private let descriptor: Int32
  private let queue: DispatchQueue
  private var source: (any DispatchSourceRead)?
  private let admit: @Sendable (consuming Socket, _ peer: String) -> Void
  private var isPaused = false
  private var isClosing = false

  /// - Parameter admit: gets each connection, on `queue`.
  init(
    _ socket: consuming Socket, queue: DispatchQueue,
    admit: @escaping @Sendable (consuming Socket, _ peer: String) -> Void
  ) {
    let local = socket.localAddress
    address = local?.text ?? ""
    port = local?.port ?? 0
    descriptor = socket.descriptor
    self.socket = consume socket
    self.queue = queue
    self.admit = admit
  }

  func start() {
    queue.sync {
      let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
      source.setEventHandler { [weak self] in self?.acceptAll() }
      source.resume()
      self.source = source
    }
  }

  /// Accepts what the system has accepted for us and is waiting in the backlog, then nothing more.
  func close() async {
    await withCheckedContinuation { continuation in close { continuation.resume() } }
  }

  /// The same without waiting for it. Without it a listener must not go: Dispatch ends the process where a source goes that
  /// is suspended.
  func close(then closed: @escaping @Sendable () -> Void) {
    queue.async { [self] in
      guard let source else { return closed() }
      acceptAll()
      isClosing = true
      resume()
      source.setCancelHandler { [self] in
        // Once more for what came meanwhile: whoever is still waiting when the descriptor closes is reset.
        acceptAll()
        socket = nil
        closed()
      }
      source.cancel()
    }
  }

  /// What waits in the backlog, but no more than fits into it: clients may come faster than they are let in.
  private func acceptAll() {
    for _ in 0..<Socket.backlog {
      switch socket?.acceptNext() ?? .none {
      case .none: return
      case .exhausted: return pause()
      case .connection(let accepted):
        let peer = accepted.remoteAddress?.text ?? ""
        admit(accepted, peer)
      }
    }
  }

  /// Without free descriptors the listener stays readable and would spin: it rests until some may have come free.
  private func pause() {
    guard !isPaused, !isClosing else { return }
    isPaused = true
    source?.suspend()
    queue.asyncAfter(deadline: .now() + .milliseconds(200)) { [weak self] in self?.resume() }
  }

  private func resume() {
    guard isPaused else { return }
    isPaused = false
    source?.resume()
  }
}
