import Dispatch
import HTTPTypes

/// A client's connection: performs the I/O that ``ConnectionState`` decides on.
///
/// `@unchecked Sendable`: everything runs on the loop's queue; the task of a suspending handler returns there with its
/// response.
final class Connection: @unchecked Sendable {
  private let socket: Socket
  private let peer: String
  private let server: Server
  private let loop: EventLoop
  private let limiter: ConnectionLimiter
  private var token: UInt64 = 0
  private var interest: EventLoop.Interest = []
  private var state: ConnectionState
  private var task: Task<Void, Never>?
  /// For the body that is being read.
  private var reservation: MemoryBudget.Reservation?
  private var output: [UInt8] = []
  /// Number of bytes of `output` that are written.
  private var written = 0
  /// Whether output waits for the socket to become writable.
  private var isWriteBlocked = false
  private var hasSentProbe = false
  private var isClosed = false

  /// - Parameter limiter: has counted this connection, and is notified when it closes.
  init(
    _ socket: consuming Socket, peer: String, server: Server, loop: EventLoop, limiter: ConnectionLimiter
  ) {
    socket.prepareForTraffic()
    self.socket = socket
    self.peer = peer
    self.server = server
    self.loop = loop
    self.limiter = limiter
    state = ConnectionState(configuration: server.configuration, at: .now)
  }

  /// Starts to read. The loop retains the connection until it closes.
  ///
  /// - Parameter error: if given, the only response, sent before any request is read.
  func start(rejectingWith error: HTTPError? = nil) {
    token = loop.add(self)
    if let error { reject(error) } else { updateInterest() }
  }

  // MARK: Events

  func handleEvent(readable: Bool, writable: Bool) {
    if writable, interest.contains(.write), !isClosed { handleWritable() }
    if readable, interest.contains(.read), !isClosed { handleReadable() }
  }

  /// Watches the socket for the events that the connection needs next.
  private func updateInterest() {
    guard !isClosed else { return }
    var wanted: EventLoop.Interest = []
    if isWriteBlocked { wanted.insert(.write) }
    if state.wantsRead { wanted.insert(.read) }
    guard wanted != interest else { return }
    guard loop.watch(socket.descriptor, token, from: interest, to: wanted) else { return close() }
    interest = wanted
  }

  // MARK: Reading

  private func handleReadable() {
    switch socket.receive(into: loop.receiveBuffer) {
    case .bytes(let count):
      state.receivedBytes(UnsafeBufferPointer(rebasing: loop.receiveBuffer[..<count]), at: .now)
      process()
    case .endOfFile:
      switch state.receivedEOF() {
      case .close: return close()
      case .wait: break
      case .probe: probe(after: Connection.probeDelay)
      }
      updateInterest()
    case .wouldBlock: break
    case .failed: close()
    }
  }

  /// Performs actions until the connection has to wait for an event.
  private func process() {
    while !isClosed {
      switch state.nextAction(at: .now) {
      case .wait:
        guard reserveMemory(state.bodyCount) else { return rejectForMemory() }
        flush()
        return updateInterest()
      case .head(let head, let expectsContinue):
        handleHead(head, expectsContinue: expectsContinue)
      case .request(let head, let body, let received):
        handleRequest(head, body: body, received: received)
      case .reject(let error):
        reject(error)
      }
      // Write the responses to pipelined requests together, but do not collect them without limit.
      if output.count > 1 << 16 { flush() }
    }
  }

  // MARK: Memory

  /// - Returns: whether the server has memory for `count` bytes of body.
  private func reserveMemory(_ count: Int) -> Bool {
    guard count > 0 else { return true }
    let reservation = reservation ?? MemoryBudget.Reservation(server.bodyMemory)
    self.reservation = reservation
    return reservation.grow(to: count)
  }

  private func rejectForMemory() {
    reservation = nil
    reject(.bodyMemoryExhausted(limit: server.bodyMemory.limit))
  }

  // MARK: Responding

  /// Rejects a request before its body arrives, or asks for the body.
  private func handleHead(_ head: RequestHead, expectsContinue: Bool) {
    if let response = server.hooks.authorize(head) { return sendLast(response, to: head) }
    guard expectsContinue else { return }
    do {
      _ = try server.router.match(head)
      output.append(contentsOf: ResponseEncoder.continueResponse)
    } catch { reject(error, head) }
  }

  private func handleRequest(_ head: RequestHead, body: [UInt8], received: ContinuousClock.Instant) {
    // Requests without a body have not been authorized yet.
    if let response = server.hooks.authorize(head) { return send(response, to: head) }
    let match: Router.Match
    do { match = try server.router.match(head) } catch {
      // The request was well-formed, so the connection can persist.
      return send(server.hooks.errorResponse(error, head), to: head)
    }
    guard reserveMemory(body.count) else { return rejectForMemory() }
    let reservation = reservation
    self.reservation = nil
    let request = Request(
      head: head, body: body, received: received, parameters: match.parameters, peer: peer)
    switch match.handler {
    case .immediate(let respond):
      send(respond(request), to: head)
    case .suspending(let respond):
      // Unstructured because a connection is driven by events, not by a task. Cancelled when the client disconnects; the
      // response is then dropped.
      task = Task { [weak self] in
        let response = await respond(request)
        reservation?.release()
        guard let self else { return }
        loop.queue.async { self.finishTask(response, to: head) }
      }
    }
  }

  private func finishTask(_ response: Response, to head: RequestHead) {
    guard !isClosed else { return }
    task = nil
    send(response, to: head)
    process()
  }

  private func send(_ response: Response, to head: RequestHead) {
    let isLast = state.responded(at: .now)
    loop.encode(server.hooks.finalize(response, head), closing: isLast, to: head, into: &output)
  }

  /// Sends the last response of the connection.
  ///
  /// - Parameter head: of the request, if it could be parsed that far.
  private func sendLast(_ response: Response, to head: RequestHead?) {
    state.close()
    loop.encode(server.hooks.finalize(response, head), closing: true, to: head, into: &output)
    flush()
    updateInterest()
  }

  private func reject(_ error: HTTPError, _ head: RequestHead? = nil) {
    sendLast(server.hooks.errorResponse(error, head), to: head)
  }

  // MARK: Writing

  private func flush() {
    guard !isClosed, !isWriteBlocked else { return }
    write()
  }

  private func write() {
    var hasProgressed = !isWriteBlocked
    while written < output.count {
      let transfer = output.withUnsafeBufferPointer { bytes in
        socket.send(UnsafeBufferPointer(rebasing: bytes[written...]))
      }
      switch transfer {
      case .bytes(let count):
        written += count
        hasProgressed = true
      case .wouldBlock:
        isWriteBlocked = true
        if hasProgressed { state.writeBlocked(at: .now) }
        return
      case .endOfFile, .failed: return close()
      }
    }
    // Free the memory of a large response: the connection may now be idle for long.
    output.removeAll(keepingCapacity: output.capacity <= 1 << 13)
    written = 0
    isWriteBlocked = false
    switch state.writeCompleted(at: .now) {
    case .proceed: break
    case .shutdownWrite: socket.shutdownWrite()
    case .close: close()
    }
  }

  private func handleWritable() {
    write()
    if isWriteBlocked { updateInterest() } else { process() }
  }

  // MARK: Detecting disconnected clients

  private static let probeDelay = DispatchTimeInterval.milliseconds(25)

  /// Finds out whether a client that has ended sending has disconnected. The two look the same until something is sent: the
  /// peer's system answers with a reset if nobody reads. The probe is `100 Continue`, which is allowed at any time and has
  /// no effect (RFC 9110, section 15.2).
  private func probe() {
    guard !isClosed, state.isHandling, state.hasReceivedEOF else { return }
    if hasSentProbe {
      if socket.isReset { close() }
    } else if output.isEmpty {
      hasSentProbe = true
      output.append(contentsOf: ResponseEncoder.continueResponse)
      flush()
      updateInterest()
      probe(after: Connection.probeDelay)
    }
  }

  private func probe(after delay: DispatchTimeInterval) {
    loop.queue.asyncAfter(deadline: .now() + delay) { [weak self] in self?.probe() }
  }

  // MARK: Closing

  func enforceTimeouts(at now: ContinuousClock.Instant) {
    switch state.timeoutAction(at: now) {
    case .reject(let error): reject(error)
    case .close: close()
    case nil: if hasSentProbe { probe() }
    }
  }

  /// The server is shutting down: the next response is the last.
  func drain() { state.drain(at: .now) }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    reservation = nil
    task?.cancel()
    task = nil
    // The last reference to this connection closes the descriptor.
    _ = loop.watch(socket.descriptor, token, from: interest, to: [])
    interest = []
    loop.remove(token)
    limiter.connectionClosed()
  }
}
