import Dispatch
import HTTPTypes

/// One client's connection: a socket, and what ``ConnectionState`` says to do with it.
///
/// `@unchecked Sendable`: everything happens on the loop's queue; a handler's task comes back to it with the answer.
final class Connection: @unchecked Sendable {
  private let socket: Socket
  private let peer: String
  private let server: Server
  private let loop: EventLoop
  private let counter: ConnectionLimiter
  private var token: UInt64 = 0
  private var interest: EventLoop.Interest = []
  private var state: ConnectionState
  private var task: Task<Void, Never>?
  /// Of the request that is being read.
  private var memory: MemoryBudget.Share?
  private var output: [UInt8] = []
  private var written = 0
  /// Output waits until the socket takes more.
  private var isStalled = false
  private var hasProbed = false
  private var isClosed = false

  /// - Parameter counter: counts this connection already, and is told when it is gone.
  init(
    _ socket: consuming Socket, peer: String, server: Server, loop: EventLoop, counter: ConnectionLimiter
  ) {
    socket.prepareForTraffic()
    self.socket = socket
    self.peer = peer
    self.server = server
    self.loop = loop
    self.counter = counter
    state = ConnectionState(configuration: server.configuration, at: .now)
  }

  /// Begins to read. The loop keeps the connection alive until it is closed.
  ///
  /// - Parameter refusal: said at once, to a client that is not let in.
  func start(refusing refusal: HTTPError? = nil) {
    token = loop.add(self)
    if let refusal { conclude(server.policy.refused(refusal, nil), to: nil) } else { watch() }
  }

  // MARK: Readiness

  func ready(readable: Bool, writable: Bool) {
    if writable, interest.contains(.write), !isClosed { self.writable() }
    if readable, interest.contains(.read), !isClosed { self.readable() }
  }

  /// Has the socket watched for what there is to wait for.
  private func watch() {
    guard !isClosed else { return }
    var wanted: EventLoop.Interest = []
    if isStalled { wanted.insert(.write) }
    if state.wantsInput { wanted.insert(.read) }
    guard wanted != interest else { return }
    guard loop.watch(socket.descriptor, token, from: interest, to: wanted) else { return close() }
    interest = wanted
  }

  // MARK: Reading

  private func readable() {
    switch socket.receive(into: loop.receiveBuffer) {
    case .bytes(let count):
      state.received(UnsafeBufferPointer(rebasing: loop.receiveBuffer[..<count]), at: .now)
      proceed()
    case .ended:
      switch state.peerEnded() {
      case .close: return close()
      case .wait: break
      case .probe: probe(after: Connection.probeDelay)
      }
      watch()
    case .wouldBlock: break
    case .failed: close()
    }
  }

  /// Does what there is to do until something has to be waited for.
  private func proceed() {
    while !isClosed {
      switch state.next(at: .now) {
      case .wait:
        guard hold(state.bodyCount) else { return refuseForMemory() }
        flush()
        return watch()
      case .head(let head, let expectsContinue):
        admit(head, expectsContinue: expectsContinue)
      case .request(let head, let body, let received):
        answer(head, body: body, received: received)
      case .refuse(let refusal):
        conclude(server.policy.refused(refusal, nil), to: nil)
      }
      // What a client has asked for at once is written at once, but not gathered without end.
      if output.count > 1 << 16 { flush() }
    }
  }

  // MARK: Memory

  /// - Returns: whether there is room for the body that is being read.
  private func hold(_ count: Int) -> Bool {
    guard count > 0 else { return true }
    let share = memory ?? MemoryBudget.Share(server.bodyMemory)
    memory = share
    return share.grow(to: count)
  }

  private func refuseForMemory() {
    memory = nil
    conclude(server.policy.refused(.bodiesTooLarge(limit: server.bodyMemory.limit), nil), to: nil)
  }

  // MARK: Answering

  /// Whether the body is worth reading, or asking for.
  private func admit(_ head: RequestHead, expectsContinue: Bool) {
    if let response = server.policy.screened(head) { return conclude(response, to: head) }
    guard expectsContinue else { return }
    do {
      _ = try server.router.match(head)
      output.append(contentsOf: ResponseEncoder.continueLine)
    } catch { conclude(server.policy.refused(error, head), to: head) }
  }

  private func answer(_ head: RequestHead, body: [UInt8], received: ContinuousClock.Instant) {
    // Here for all requests; before a body is read, only to spare the reading.
    if let response = server.policy.screened(head) { return finish(response, to: head) }
    let match: Router.Match
    do { match = try server.router.match(head) } catch {
      // The request itself was sound: the connection can go on.
      return finish(server.policy.refused(error, head), to: head)
    }
    guard hold(body.count) else { return refuseForMemory() }
    let share = memory
    memory = nil
    let request = Request(
      head: head, body: body, received: received, parameters: match.parameters, peer: peer)
    switch match.handler {
    case .immediate(let respond):
      finish(respond(request), to: head)
    case .suspending(let respond):
      // Unstructured because a connection is not a task: its events come from the queue. It is cancelled when the
      // client goes, and its answer is dropped then.
      task = Task { [weak self] in
        let response = await respond(request)
        share?.end()
        guard let self else { return }
        loop.queue.async { self.finishSuspended(response, to: head) }
      }
    }
  }

  private func finishSuspended(_ response: Response, to head: RequestHead) {
    guard !isClosed else { return }
    task = nil
    finish(response, to: head)
    proceed()
  }

  private func finish(_ response: Response, to head: RequestHead) {
    let isLast = state.answered(at: .now)
    loop.encode(server.policy.completed(response, head), closing: isLast, to: head, into: &output)
  }

  /// Gives the connection's last answer.
  ///
  /// - Parameter head: of the request, if it was understood that far.
  private func conclude(_ response: Response, to head: RequestHead?) {
    state.finish()
    loop.encode(server.policy.completed(response, head), closing: true, to: head, into: &output)
    flush()
    watch()
  }

  // MARK: Writing

  private func flush() {
    guard !isClosed, !isStalled else { return }
    send()
  }

  private func send() {
    var hasProgressed = !isStalled
    while written < output.count {
      let transfer = output.withUnsafeBufferPointer { bytes in
        socket.send(UnsafeBufferPointer(rebasing: bytes[written...]))
      }
      switch transfer {
      case .bytes(let count):
        written += count
        hasProgressed = true
      case .wouldBlock:
        isStalled = true
        if hasProgressed { state.stalled(at: .now) }
        return
      case .ended, .failed: return close()
      }
    }
    // What a large answer took is given back: the next may be long in coming.
    output.removeAll(keepingCapacity: output.capacity <= 1 << 13)
    written = 0
    isStalled = false
    switch state.written(at: .now) {
    case .goOn: break
    case .endSending: socket.finishSending()
    case .close: close()
    }
  }

  private func writable() {
    send()
    if isStalled { watch() } else { proceed() }
  }

  // MARK: Finding out whether the client is still there

  private static let probeDelay = DispatchTimeInterval.milliseconds(25)

  /// A client that has ended its sending may have gone, or may only have nothing more to say: the two look the same
  /// until something is sent to it. `100 Continue` may be sent at any time (RFC 9110, section 15.2) and says nothing; if
  /// nobody is there any more, the system's answer to it is a reset.
  private func probe() {
    guard !isClosed, state.isAnswering, state.hasPeerEnded else { return }
    if hasProbed {
      if socket.isReset { close() }
    } else if output.isEmpty {
      hasProbed = true
      output.append(contentsOf: ResponseEncoder.continueLine)
      flush()
      watch()
      probe(after: Connection.probeDelay)
    }
  }

  private func probe(after delay: DispatchTimeInterval) {
    loop.queue.asyncAfter(deadline: .now() + delay) { [weak self] in self?.probe() }
  }

  // MARK: Ending

  func enforceDeadlines(at now: ContinuousClock.Instant) {
    switch state.lapse(at: now) {
    case .refuse(let refusal): conclude(server.policy.refused(refusal, nil), to: nil)
    case .close: close()
    case nil: if hasProbed { probe() }
    }
  }

  /// The server is stopping: the next answer is the last.
  func drain() { state.drain(at: .now) }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    memory = nil
    task?.cancel()
    task = nil
    // The descriptor itself is closed with the last reference to this connection.
    _ = loop.watch(socket.descriptor, token, from: interest, to: [])
    interest = []
    loop.remove(token)
    counter.closed()
  }
}
