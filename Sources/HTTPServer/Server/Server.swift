import Dispatch
import HTTPTypes
import PlatformC
import Synchronization

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
  private var maxConnections: Int
  let bodyMemory: MemoryBudget
  /// Connections above the limit, in reserve for probes; other requests on them get a 503. Those above the limit of these
  /// are closed without a response.
  private let reserve = ConnectionLimiter()
  private static let maxReserve = 64
  /// Descriptors for everything but connections: listeners, loops, standard streams, weights, /proc.
  private static let otherDescriptors = 64
  private var socketFile: SocketFile?

  package init(
    configuration: ServerConfiguration, router: Router, connections: ConnectionLimiter = ConnectionLimiter(),
    hooks: ServerHooks
  ) {
    self.configuration = configuration
    self.router = router
    self.hooks = hooks
    self.connections = connections
    maxConnections = configuration.maxConnections
    bodyMemory = MemoryBudget(limit: configuration.maxBodyMemory)
  }

  deinit {
    for listener in listeners { listener.close(completion: {}) }
    for loop in loops { loop.stop() }
  }

  package var connectionCount: Int { connections.count }

  /// Memory of request bodies in bytes.
  package var bodyMemoryUsed: Int { bodyMemory.used }

  /// How late the event loops ran at worst in the last half second.
  package var loopLag: Duration { loops.map(\.lastLag).max() ?? .zero }

  /// Whether every event loop runs a new task within `timeout`.
  package func isResponsive(within timeout: Duration) async -> Bool {
    let answers = AnswerCount()
    for loop in loops { loop.queue.async { answers.add() } }
    let deadline = ContinuousClock.now + timeout
    while answers.count < loops.count {
      guard .now < deadline else { return false }
      try? await Task.sleep(for: .milliseconds(10))
      if Task.isCancelled { return true }
    }
    return true
  }

  private final class AnswerCount: Sendable {
    private let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .relaxed) }
    func add() { value.add(1, ordering: .relaxed) }
  }

  /// The registered paths, with braces around the names of path parameters.
  package var paths: [String] { router.paths }

  /// The addresses on which the server listens.
  package var addresses: [String] { listeners.map(\.address) }

  /// Starts to accept connections.
  ///
  /// - Returns: the port, chosen by the system if the configuration has 0; 0 if the server does not listen on TCP.
  package func start() throws(SocketError) -> Int {
    limitConnectionsToDescriptors()
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
    // While this server still listens, so that no successor can have put its socket there in between.
    socketFile?.remove()
    for listener in listeners { await listener.close() }
    listeners = []
    await drainConnections()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await self.connections.waitUntilEmpty()
        await self.reserve.waitUntilEmpty()
      }
      group.addTask {
        try? await Task.sleep(for: timeout)
        guard !Task.isCancelled else { return }
        for loop in self.loops {
          loop.queue.async { loop.forEachConnection { $0.close(because: "the shutdown timeout has passed") } }
        }
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
        Listener(
          socket, queue: acceptQueue, onAccept: { [weak self] in self?.accept($0, peer: $1) },
          onDescriptorsExhausted: { [weak self] in self?.handleDescriptorsExhausted(retry: $0) }))
    }
    if !configuration.inheritedDescriptors.isEmpty {
      for descriptor in configuration.inheritedDescriptors { add(try Socket.inherited(descriptor)) }
    } else if let path = configuration.unixSocket {
      add(try Socket.listen(path: path, permissions: configuration.unixSocketPermissions))
      socketFile = SocketFile(path)
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

}

// MARK: - Connections at the limit

extension Server {
  /// Without descriptors for `maxConnections`, accepting would fail where a 503 is due.
  private func limitConnectionsToDescriptors() {
    guard let descriptors = DescriptorLimit.current else { return }
    let available = max(1, descriptors - Server.maxReserve - Server.otherDescriptors)
    guard available < maxConnections else { return }
    hooks.handleEvent(.connectionLimitReduced(from: maxConnections, to: available))
    maxConnections = available
  }

  private func accept(_ socket: consuming Socket, peer: String) {
    let isWithinLimit = connections.tryOpen(limit: maxConnections)
    guard isWithinLimit || reserve.tryOpen(limit: Server.maxReserve) else {
      return hooks.handleEvent(.connectionRejected(.reserveExhausted))
    }
    let loop = loops[nextLoop]
    nextLoop = (nextLoop + 1) % loops.count
    let connection = Connection(
      socket, peer: peer, server: self, loop: loop, limiter: isWithinLimit ? connections : reserve,
      isReserve: !isWithinLimit)
    guard !isWithinLimit else { return loop.queue.async { connection.start() } }
    closeLongestIdle { [self] _ in
      loop.queue.async { [self] in
        if connections.tryOpen(limit: maxConnections) { connection.leaveReserve(for: connections) }
        connection.start()
      }
    }
  }

  private func handleDescriptorsExhausted(retry: @escaping @Sendable () -> Void) {
    hooks.handleEvent(.descriptorsExhausted)
    closeLongestIdle { hasClosed in if hasClosed { retry() } }
  }

  /// Closes the keep-alive connection that has been idle for the longest time, if there is one. nginx does the same when it
  /// runs out of connections.
  private func closeLongestIdle(completion: @escaping @Sendable (_ hasClosed: Bool) -> Void) {
    closeLongestIdle(searchingFrom: 0, longest: nil, completion: completion)
  }

  private struct IdleConnection: Sendable {
    let loop: EventLoop
    let connection: Connection
    let since: ContinuousClock.Instant
  }

  /// Visits the loops one after another, each on its own queue.
  private func closeLongestIdle(
    searchingFrom index: Int, longest: IdleConnection?,
    completion: @escaping @Sendable (_ hasClosed: Bool) -> Void
  ) {
    if index < loops.count {
      let loop = loops[index]
      loop.queue.async { [self] in
        var longest = longest
        if let (connection, since) = loop.longestIdle, longest.map({ since < $0.since }) ?? true {
          longest = IdleConnection(loop: loop, connection: connection, since: since)
        }
        closeLongestIdle(searchingFrom: index + 1, longest: longest, completion: completion)
      }
    } else if let longest {
      longest.loop.queue.async { [self] in
        // A request may have arrived meanwhile.
        let isIdle = longest.connection.idleSince == longest.since
        if isIdle {
          longest.connection.close()
          hooks.handleEvent(.idleConnectionEvicted)
        }
        // In a task of its own: the descriptor is closed with the last reference, at the end of this one.
        longest.loop.queue.async { completion(isIdle) }
      }
    } else {
      completion(false)
    }
  }
}
