import Dispatch
import HTTPTypes

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Listens, and deals connections out to event loops.
///
/// `@unchecked Sendable`: `loops` and `listeners` change in `start` and `shutdown` only, `nextLoop` on `acceptQueue` only; the rest
/// is immutable.
package final class Server: @unchecked Sendable {
  package let configuration: ServerConfiguration
  let router: Router
  let policy: ServerHooks

  private var loops: [EventLoop] = []
  private let acceptQueue = DispatchQueue(label: "http.accept")
  private var listeners: [Listener] = []
  private var nextLoop = 0
  private let connections: ConnectionLimiter
  let bodyMemory: MemoryBudget
  /// Those that are told that there are too many. Beyond so many of them there is no time for courtesy.
  private let turnedAway = ConnectionLimiter()
  private static let turnedAwayLimit = 64

  package init(
    configuration: ServerConfiguration, router: Router, connections: ConnectionLimiter = ConnectionLimiter(),
    policy: ServerHooks
  ) {
    self.configuration = configuration
    self.router = router
    self.policy = policy
    self.connections = connections
    bodyMemory = MemoryBudget(limit: configuration.bodyMemory)
  }

  deinit {
    for listener in listeners { listener.close {} }
    for loop in loops { loop.stop() }
  }

  package var connectionCount: Int { connections.count }

  /// What there is, with braces where a path has parameters.
  package var paths: [String] { router.paths }

  /// What the server listens on, as text.
  package var addresses: [String] { listeners.map(\.address) }

  /// Begins to accept connections.
  ///
  /// - Returns: the port, which the system chose if the configuration says 0; 0 if it does not listen on TCP.
  package func start() throws(ServerError) -> Int {
    for index in 0..<max(1, configuration.loops) { loops.append(try EventLoop(index: index)) }
    listeners = try makeListeners()
    for loop in loops { loop.start() }
    for listener in listeners { listener.start() }
    return listeners.first?.port ?? 0
  }

  /// Stops: no new connections, what was accepted is answered, each answer closes its connection.
  ///
  /// - Returns: when the last connection is gone, or when `timeout` has passed and the rest were cut off.
  package func shutdown(timeout: Duration) async {
    // First, so that once nobody is let in any more, every answer is its connection's last.
    await drainConnections()
    for listener in listeners { await listener.close() }
    listeners = []
    await drainConnections()
    if let path = configuration.unixSocket, configuration.inheritedDescriptors.isEmpty { unlink(path) }
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await self.connections.untilNone()
        await self.turnedAway.untilNone()
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

  private func makeListeners() throws(ServerError) -> [Listener] {
    var listeners: [Listener] = []
    func add(_ socket: consuming Socket) {
      listeners.append(
        Listener(socket, queue: acceptQueue) { [weak self] socket, peer in self?.admit(socket, peer: peer) })
    }
    if !configuration.inheritedDescriptors.isEmpty {
      for descriptor in configuration.inheritedDescriptors { add(try Socket.inherited(descriptor)) }
    } else if let path = configuration.unixSocket {
      add(try Socket.listening(path: path, permissions: configuration.unixSocketPermissions))
    } else {
      for attempt in 1... {
        do {
          try Socket.listen(
            host: configuration.host, port: configuration.port, sharesPort: configuration.sharesPort,
            each: add)
          break
        } catch {
          // A port that the system chose at one address may be taken at the next one.
          guard configuration.port == 0, attempt < 16, case .cannotListen(_, let reason) = error,
            reason.code == EADDRINUSE
          else { throw error }
          listeners = []
        }
      }
    }
    return listeners
  }

  private func admit(_ socket: consuming Socket, peer: String) {
    let isWelcome = connections.open(limit: configuration.maxConnections)
    guard isWelcome || turnedAway.open(limit: Server.turnedAwayLimit) else { return }
    let loop = loops[nextLoop]
    nextLoop = (nextLoop + 1) % loops.count
    let connection = Connection(
      socket, peer: peer, server: self, loop: loop, counter: isWelcome ? connections : turnedAway)
    loop.queue.async { connection.start(refusing: isWelcome ? nil : .tooManyConnections) }
  }
}
