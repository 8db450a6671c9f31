import CEventPoll
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
  private var limiter: ConnectionLimiter
  private var token: UInt64 = 0
  /// `nil` while the socket is not watched.
  private var interest: EventLoop.Interest?
  private var state: ConnectionState
  private var isReserve: Bool
  private var task: Task<Void, Never>?
  /// Of the request that has arrived, for its access record.
  private var arrival: ConnectionState.Arrival?
  private var requestHead: RequestHead?
  /// Set between a request's head and its body.
  private var acceptedHead: AcceptedHead?
  /// For the body that is being read.
  private var reservation: MemoryBudget.Reservation?
  private var output: [UInt8] = []
  /// For the large responses in `output`.
  private var outputMemory: [MemoryBudget.Reservation] = []
  /// Number of bytes of `output` that are written.
  private var written = 0
  /// Whether output waits for the socket to become writable.
  private var isWriteBlocked = false
  private var isWaitingForTurn = false
  private var peerHasHalfClosed = false
  private var hasSentProbe = false
  private var isClosed = false

  /// A request that may be served, and its route.
  private struct AcceptedHead {
    let head: RequestHead
    let match: Router.Match
    let client: String?
  }

  /// Requests that a connection may have answered before it is the others' turn. A client that pipelines cheap requests
  /// would otherwise occupy its loop.
  private static let maxRequestsPerTurn = 4

  /// - Parameters:
  ///   - limiter: has counted this connection, and is notified when it closes.
  ///   - isReserve: the connection is above the limit: it closes after one request, which is rejected unless it is a probe.
  init(
    _ socket: consuming Socket, peer: String, server: Server, loop: EventLoop, limiter: ConnectionLimiter,
    isReserve: Bool
  ) {
    socket.prepareForTraffic()
    self.socket = socket
    self.peer = peer
    self.server = server
    self.loop = loop
    self.limiter = limiter
    self.isReserve = isReserve
    state = ConnectionState(
      configuration: server.configuration, age: server.configuration.randomConnectionAge,
      isReserve: isReserve, at: .now)
  }

  /// Turns a connection above the limit into an ordinary one. Call it before ``start()``.
  ///
  /// - Parameter limiter: has counted this connection.
  func leaveReserve(for limiter: ConnectionLimiter) {
    self.limiter.connectionClosed()
    self.limiter = limiter
    isReserve = false
    state = ConnectionState(
      configuration: server.configuration, age: server.configuration.randomConnectionAge, at: .now)
  }

  /// Starts to read. The loop retains the connection until it closes.
  func start() {
    token = loop.add(self)
    updateInterest()
  }

  /// Since when the connection waits for a request; `nil` if it does not.
  var idleSince: ContinuousClock.Instant? { state.idleSince }

  // MARK: Events

  func handleEvent(_ event: event_poll_event) {
    let watched = interest ?? []
    if event.writable, watched.contains(.write), !isClosed { handleWritable() }
    // While the connection waits for its turn, more input would pile up in its buffer.
    if event.readable, watched.contains(.read), !isClosed, !isWaitingForTurn { handleReadable() }
    if event.half_closed, watched.contains(.halfClose), !isClosed { handleHalfClose() }
    // The read has returned the error if the socket was read.
    if event.failed, !isClosed { close() }
  }

  /// Watches the socket for the events that the connection needs next. It is always watched for its failure: a client may
  /// disconnect while its input is not wanted.
  private func updateInterest() {
    guard !isClosed else { return }
    var wanted: EventLoop.Interest = []
    if isWriteBlocked { wanted.insert(.write) }
    if state.wantsRead {
      wanted.insert(.read)
    } else if state.isHandling, !state.hasReceivedEOF, !peerHasHalfClosed {
      wanted.insert(.halfClose)
    }
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
      handleEOF(state.receivedEOF())
    case .wouldBlock: break
    case .failed: close()
    }
  }

  /// The peer has ended sending, behind bytes that are not wanted yet.
  private func handleHalfClose() {
    peerHasHalfClosed = true
    handleEOF(state.willReceiveEOF())
  }

  private func handleEOF(_ action: ConnectionState.ReceivedEOFAction) {
    switch action {
    case .close: return close()
    case .wait: break
    case .probe: probe(after: Connection.probeDelay)
    }
    updateInterest()
  }

  /// Performs actions until the connection has to wait for an event or for its next turn.
  private func process() {
    guard !isWaitingForTurn else { return }
    var requestCount = 0
    while !isClosed {
      switch state.nextAction(at: .now) {
      case .wait:
        guard reserveMemory(state.bodyCount) else { return rejectForMemory() }
        flush()
        return updateInterest()
      case .head(let head, let expectsContinue):
        handleHead(head, expectsContinue: expectsContinue)
      case .request(let head, let body, let arrival):
        handleRequest(head, body: body, arrival)
        requestCount += 1
      case .reject(let error):
        reject(error)
      }
      // Write the responses to pipelined requests together, but do not collect them without limit.
      if output.count > 1 << 16 { flush() }
      if requestCount >= Connection.maxRequestsPerTurn, state.hasBufferedInput { return yieldTurn() }
    }
  }

  private func yieldTurn() {
    flush()
    updateInterest()
    guard !isClosed, !state.isHandling else { return }
    isWaitingForTurn = true
    loop.yieldTurn(self)
  }

  func continueTurn() {
    isWaitingForTurn = false
    guard !isClosed else { return }
    process()
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
    reject(.bodyMemoryExhausted(limit: server.bodyMemory.limit))
  }

  // MARK: Responding

  /// Rejects a request before its body arrives, or asks for the body.
  private func handleHead(_ head: RequestHead, expectsContinue: Bool) {
    let head = server.router.canonical(head)
    requestHead = head
    // No probe has a body, and a slow one would hold the reserve.
    if isReserve { return reject(.tooManyConnections) }
    switch accept(head) {
    case .rejected(let response): return sendLast(response, to: head)
    case .accepted(let accepted): acceptedHead = accepted
    }
    if expectsContinue { output.append(contentsOf: ResponseEncoder.continueResponse) }
  }

  private func handleRequest(_ head: RequestHead, body: [UInt8], _ arrival: ConnectionState.Arrival) {
    let head = acceptedHead?.head ?? server.router.canonical(head)
    requestHead = head
    self.arrival = arrival
    guard reserveMemory(body.count) else { return rejectForMemory() }
    // Ends with the request, whatever becomes of it.
    let reservation = reservation
    self.reservation = nil
    let accepted: AcceptedHead
    if let acceptedHead {
      accepted = acceptedHead
      self.acceptedHead = nil
    } else {
      if isReserve, !server.hooks.isProbe(head) { return reject(.tooManyConnections) }
      switch accept(head) {
      // The request was well-formed, so the connection can persist.
      case .rejected(let response): return send(response, to: head)
      case .accepted(let result): accepted = result
      }
      // What follows may be the body that the client did not announce, so the connection ends.
      if accepted.match.needsBody, !head.hasBodyLength { return reject(.lengthRequired) }
    }
    let request = Request(
      head: head, body: body, receivedAt: arrival.receivedAt, parameters: accepted.match.parameters,
      peer: peer, client: accepted.client, reserveMemory: { reservation?.grow(to: $0) ?? true })
    switch accepted.match.handler {
    case .immediate(let respond):
      send(respond(request), to: head)
      reservation?.release()
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

  private enum Acceptance {
    case accepted(AcceptedHead)
    case rejected(Response)
  }

  /// Authorizes and routes a request.
  private func accept(_ head: RequestHead) -> Acceptance {
    switch server.hooks.authorize(head) {
    case .denied(let response): return .rejected(response)
    case .granted(let client):
      do {
        return .accepted(AcceptedHead(head: head, match: try server.router.match(head), client: client))
      } catch { return .rejected(server.hooks.errorResponse(error, head)) }
    }
  }

  private func finishTask(_ response: Response, to head: RequestHead) {
    guard !isClosed else { return }
    task = nil
    send(response, to: head)
    process()
  }

  private func send(_ response: Response, to head: RequestHead) {
    let byteCount = arrival?.byteCount ?? 0
    encode(response, isLast: state.responded(at: .now), to: head, received: byteCount)
  }

  /// Sends the last response of the connection.
  ///
  /// - Parameter head: of the request, if it could be parsed that far.
  private func sendLast(_ response: Response, to head: RequestHead?) {
    let byteCount = arrival?.byteCount ?? state.receivedCount
    state.close()
    reservation = nil
    acceptedHead = nil
    encode(response, isLast: true, to: head, received: byteCount)
    flush()
    updateInterest()
  }

  private func encode(_ response: Response, isLast: Bool, to head: RequestHead?, received: Int) {
    let response = server.hooks.finalize(response, head)
    let sent = loop.encode(response, closing: isLast, to: head, into: &output)
    if let memory = response.memory { outputMemory.append(memory) }
    logAccess(to: head, status: response.status.code, received: received, sent: sent, response.logFields)
    requestHead = nil
    arrival = nil
  }

  private func logAccess(
    to head: RequestHead?, status: Int, received: Int, sent: Int, _ fields: AccessLogFields
  ) {
    let duration = arrival.map { max(.zero, .now - $0.receivedAt) } ?? .zero
    server.hooks.logAccess(
      AccessRecord(
        peer: peer, head: head, status: status, bytesReceived: received, bytesSent: sent, duration: duration,
        fields: fields))
  }

  private func reject(_ error: HTTPError) {
    let head = requestHead ?? state.partialHead
    if error == .tooManyConnections { server.hooks.handleEvent(.connectionRejected(.connectionLimit)) }
    sendLast(server.hooks.errorResponse(error, head), to: head)
  }

  // MARK: Writing

  private func flush() {
    guard !isClosed, !isWriteBlocked else { return }
    write()
  }

  private func write() {
    var progress = 0
    while written < output.count {
      let transfer = output.withUnsafeBufferPointer { bytes in
        socket.send(UnsafeBufferPointer(rebasing: bytes[written...]))
      }
      switch transfer {
      case .bytes(let count):
        written += count
        progress += count
      case .wouldBlock:
        isWriteBlocked = true
        return state.writeBlocked(afterWriting: progress, at: .now)
      case .endOfFile, .failed: return close()
      }
    }
    // Free the memory of a large response: the connection may now be idle for long.
    output.removeAll(keepingCapacity: output.capacity <= 1 << 13)
    outputMemory = []
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
    guard !isClosed, state.isHandling, state.hasReceivedEOF || peerHasHalfClosed else { return }
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
    case .reject(let error, let phase):
      if error == .requestTimeout { server.hooks.handleEvent(.timeout(phase)) }
      reject(error)
    case .close(let phase):
      server.hooks.handleEvent(.timeout(phase))
      close()
    case nil: if hasSentProbe { probe() }
    }
  }

  /// The server is shutting down: the next response is the last.
  func drain() { state.drain(at: .now) }

  /// - Parameter reason: for the access log, if the server ends the connection before the response.
  func close(because reason: String? = nil) {
    guard !isClosed else { return }
    isClosed = true
    if state.isHandling, let requestHead {
      var fields = AccessLogFields()
      fields.reason = reason
      logAccess(
        to: requestHead, status: AccessRecord.noResponse, received: arrival?.byteCount ?? 0, sent: 0, fields)
    }
    reservation = nil
    outputMemory = []
    task?.cancel()
    task = nil
    // The last reference to this connection closes the descriptor.
    if interest != nil { loop.unwatch(socket.descriptor) }
    interest = nil
    loop.remove(token)
    limiter.connectionClosed()
  }
}
