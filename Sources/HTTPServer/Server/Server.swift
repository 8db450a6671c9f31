import Dispatch
import HTTPTypes
import PlatformC

/// Listens for connections and distributes them among event loops.
///
/// `@unchecked Sendable`: `loops` and `listeners` change in `start` and `shutdown` only, `nextLoop` on `acceptQueue` only;
/// everything else is immutable.
package final class Server: @unchecked Sendable {
  package let configuration: ServerConfiguration
  let router: Router
  let hooks: ServerHooks

  private var loops: [EventLoop] = []
  private let acceptQueue = DispatchQueue(label: "http.accept")
  private var listeners: [Listener] = []
  private var nextLoop = 0
  private let connections: ConnectionLimiter
  let bodyMemory: MemoryBudget
  /// Connections above the limit that get a 503. Those above the limit of these are closed without a response.
  private let rejected = ConnectionLimiter()
  private static let maxRejected = 64

  package init(
    configuration: ServerConfiguration, router: Router, connections: ConnectionLimiter = ConnectionLimiter(),
    hooks: ServerHooks
  ) {
    self.configuration = configuration
    self.router = router
    self.hooks = hooks
    self.connections = connections
    bodyMemory = MemoryBudget(limit: configuration.maxBodyMemory)
  }

  deinit {
    for listener in listeners { listener.close(completion: {}) }
    for loop in loops { loop.stop() }
  }

  package var connectionCount: Int { connections.count }

  /// The registered paths, with braces around the names of path parameters.
  package var paths: [String] { router.paths }

  /// The addresses on which the server listens.
  package var addresses: [String] { listeners.map(\.address) }

  /// Starts to accept connections.
  ///
  /// - Returns: the port, chosen by the system if the configuration has 0; 0 if the server does not listen on TCP.
  package func start() throws(SocketError) -> Int {
    for index in 0..<max(1, configuration.eventLoopCount) { loops.append(try EventLoop(index: index)) }
    listeners = try makeListeners()
    for loop in loops { loop.start() }
    for listener in listeners { listener.start() }
    return listeners.first?.port ?? 0
  }

  /// Stops accepting connections and drains the open ones: each closes after its current request. Returns once all are
  /// closed. After `timeout`, closes the remaining ones.
  package func shutdown(timeout: Duration) async {
    // Before the listeners close, so that from then on every response is the last one of its connection.
    await drainConnections()
    for listener in listeners { await listener.close() }
    listeners = []
    await drainConnections()
    if let path = configuration.unixSocket, configuration.inheritedDescriptors.isEmpty { unlink(path) }
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await self.connections.waitUntilEmpty()
        await self.rejected.waitUntilEmpty()
      }
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

  private func drainConnections() async {
    for loop in loops {
      await withCheckedContinuation { continuation in
        loop.queue.async {
          loop.forEachConnection { $0.drain() }
          continuation.resume()
        }
      }
    }
  }

  private func makeListeners() throws(SocketError) -> [Listener] {
    var listeners: [Listener] = []
    func add(_ socket: consuming Socket) {
      listeners.append(
        Listener(socket, queue: acceptQueue) { [weak self] socket, peer in self?.accept(socket, peer: peer) })
    }
    if !configuration.inheritedDescriptors.isEmpty {
      for descriptor in configuration.inheritedDescriptors { add(try Socket.inherited(descriptor)) }
    } else if let path = configuration.unixSocket {
      add(try Socket.listen(path: path, permissions: configuration.unixSocketPermissions))
    } else {
      for attempt in 1... {
        do {
          try Socket.listen(
            host: configuration.host, port: configuration.port, reusesPort: configuration.reusesPort,
            each: add)
          break
        } catch {
          // The port that the system chose for one address may be in use at the next one.
          guard configuration.port == 0, attempt < 16, case .cannotListen(_, let reason) = error,
            reason.code == EADDRINUSE
          else { throw error }
          listeners = []
        }
      }
    }
    return listeners
  }

  private func accept(_ socket: consuming Socket, peer: String) {
    let isWithinLimit = connections.tryOpen(limit: configuration.maxConnections)
    guard isWithinLimit || rejected.tryOpen(limit: Server.maxRejected) else { return }
    let loop = loops[nextLoop]
    nextLoop = (nextLoop + 1) % loops.count
    let connection = Connection(
      socket, peer: peer, server: self, loop: loop, limiter: isWithinLimit ? connections : rejected)
    loop.queue.async { connection.start(rejectingWith: isWithinLimit ? nil : .tooManyConnections) }
  }
}
