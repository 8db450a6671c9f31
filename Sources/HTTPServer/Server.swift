import Dispatch
import HTTPTypes

/// Listens, and deals connections out to event loops.
///
/// `@unchecked Sendable`: `listener` and its source are touched on `acceptQueue` only; the rest is immutable or guarded.
package final class Server: @unchecked Sendable {
  package let configuration: ServerConfiguration
  let router: Router
  /// Makes an answer of a refusal.
  let refused: @Sendable (Refusal) -> Response

  private let loops: [EventLoop]
  private let acceptQueue = DispatchQueue(label: "http.accept")
  private var accepting: Accepting?
  private var acceptSource: (any DispatchSourceRead)?
  private var isAcceptingPaused = false
  private var nextLoop = 0
  private let connections: OpenConnections

  package init(
    configuration: ServerConfiguration, router: Router, connections: OpenConnections = OpenConnections(),
    refused: @escaping @Sendable (Refusal) -> Response
  ) {
    self.configuration = configuration
    self.router = router
    self.refused = refused
    self.connections = connections
    loops = (0..<max(1, configuration.loops)).map(EventLoop.init(index:))
  }

  package var connectionCount: Int { connections.count }

  /// Begins to accept connections.
  ///
  /// - Returns: the port, which the system chose if the configuration says 0.
  package func start() throws(ServerError) -> Int {
    let listener = try Socket.listening(host: configuration.host, port: configuration.port)
    let port = listener.port
    for loop in loops { loop.start() }
    let accepting = Accepting(listener)
    let source = DispatchSource.makeReadSource(
      fileDescriptor: accepting.socket.descriptor, queue: acceptQueue)
    source.setEventHandler { [weak self] in self?.acceptAll(accepting) }
    // The descriptor is closed once the source no longer watches it.
    source.setCancelHandler { withExtendedLifetime(accepting) {} }
    source.resume()
    acceptQueue.sync {
      self.accepting = accepting
      acceptSource = source
    }
    return port
  }

  /// Stops: no new connections, what was accepted is answered, each answer closes its connection.
  ///
  /// - Returns: when the last connection is gone, or when `timeout` has passed and the rest were cut off.
  package func shutdown(timeout: Duration) async {
    acceptQueue.sync {
      // The system has accepted for us what waits in the backlog.
      if let accepting { acceptAll(accepting) }
      resumeAccepting()
      acceptSource?.cancel()
      acceptSource = nil
      accepting = nil
    }
    for loop in loops { loop.queue.async { loop.forEachConnection { $0.drain() } } }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.connections.untilNone() }
      group.addTask {
        try? await Task.sleep(for: timeout)
        guard !Task.isCancelled else { return }
        for loop in self.loops { loop.queue.async { loop.forEachConnection { $0.close() } } }
      }
      await group.next()
      group.cancelAll()
    }
    for loop in loops { loop.stop() }
  }

  /// Owns the listening socket for as long as its source runs.
  private final class Accepting: Sendable {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  private func acceptAll(_ accepting: Accepting) {
    while true {
      switch accepting.socket.acceptNext() {
      case .none: return
      case .exhausted: return pauseAccepting()
      case .connection(let socket): admit(socket)
      }
    }
  }

  /// Without free descriptors the listener stays readable and would spin: it rests until some may have come free.
  private func pauseAccepting() {
    guard let source = acceptSource, !isAcceptingPaused else { return }
    source.suspend()
    isAcceptingPaused = true
    acceptQueue.asyncAfter(deadline: .now() + .milliseconds(200)) { [weak self] in self?.resumeAccepting() }
  }

  private func resumeAccepting() {
    guard isAcceptingPaused else { return }
    isAcceptingPaused = false
    acceptSource?.resume()
  }

  private func admit(_ socket: consuming Socket) {
    let isWelcome = connections.open(limit: configuration.maxConnections)
    guard isWelcome else {
      setNonBlocking(socket.descriptor)
      var encoder = ResponseEncoder()
      var bytes: [UInt8] = []
      encoder.encode(
        refused(.tooManyConnections), closing: true, isHTTP10: false, isHead: false, into: &bytes)
      // Into the empty buffer of a new socket this fits whole.
      _ = bytes.withUnsafeBufferPointer { socket.send($0) }
      socket.finishSending()
      return
    }
    let loop = loops[nextLoop]
    nextLoop = (nextLoop + 1) % loops.count
    let connection = Connection(socket, server: self, loop: loop)
    loop.queue.async { connection.start() }
  }

  func connectionClosed() { connections.closed() }
}
