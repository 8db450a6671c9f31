import Dispatch
import HTTPTypes

/// One client's connection: reads requests, has each answered before it takes the next, writes the answers.
///
/// `@unchecked Sendable`: everything happens on the loop's queue; a handler's task comes back to it with the answer.
final class Connection: @unchecked Sendable {
  private enum Phase {
    case idle
    case readingHead(since: ContinuousClock.Instant)
    case readingBody(since: ContinuousClock.Instant, received: Int)
    /// The application has the request. Reading rests, so that a client cannot fill memory meanwhile.
    case answering(RequestHead, task: Task<Void, Never>?)
    /// The last answer is being written.
    case closing
  }

  private let socket: Socket
  private let server: Server
  private let loop: EventLoop
  private let reader: any DispatchSourceRead
  private var writer: (any DispatchSourceWrite)?
  private var parser: RequestParser
  private var phase = Phase.idle
  private var phaseStart = ContinuousClock.now
  private var requestStart = ContinuousClock.now
  private var output: [UInt8] = []
  private var written = 0
  private var lastWrite = ContinuousClock.now
  private var isReading = true
  private var hasPeerEnded = false
  private var isDraining = false
  private var isClosed = false

  init(_ socket: consuming Socket, server: Server, loop: EventLoop) {
    socket.prepareForTraffic()
    reader = DispatchSource.makeReadSource(fileDescriptor: socket.descriptor, queue: loop.queue)
    self.socket = socket
    self.server = server
    self.loop = loop
    parser = RequestParser(limits: server.configuration.limits)
  }

  /// Begins to read. The connection keeps itself alive through the loop until it is closed.
  func start() {
    loop.add(self)
    reader.setEventHandler { [weak self] in self?.readable() }
    // The descriptor must outlive the source: holding the connection until the source says it is done sees to that.
    reader.setCancelHandler { [self] in server.connectionClosed() }
    reader.resume()
  }

  // MARK: Reading

  private func readable() {
    guard !isClosed else { return }
    switch socket.receive(into: loop.receiveBuffer) {
    case .bytes(let count):
      let now = ContinuousClock.now
      if case .idle = phase {
        requestStart = now
        phase = .readingHead(since: now)
      }
      if case .readingBody(let since, let received) = phase {
        phase = .readingBody(since: since, received: received + count)
      }
      parser.feed(UnsafeBufferPointer(rebasing: loop.receiveBuffer[..<count]))
      if case .answering = phase {
        // More than one read's worth can wait in the system until this answer is out.
        setReading(false)
      } else {
        advance()
      }
    case .ended:
      hasPeerEnded = true
      setReading(false)
      // A client that has only ended its sending may still want its answers.
      switch phase {
      case .answering, .closing: break
      case .idle, .readingHead, .readingBody: close()
      }
    case .wouldBlock: break
    case .failed: close()
    }
  }

  /// Takes what the parser has until a request has to be waited for.
  private func advance() {
    while !isClosed, writer == nil {
      switch phase {
      case .answering, .closing: return
      case .idle, .readingHead, .readingBody: break
      }
      do {
        guard let event = try parser.next() else {
          if !parser.isWithinRequest { phase = .idle; phaseStart = .now }
          return flush()
        }
        switch event {
        case .head(_, let expectsContinue):
          phase = .readingBody(since: .now, received: parser.bufferedCount)
          if expectsContinue { output.append(contentsOf: ResponseEncoder.continueLine) }
        case .complete(let head, let body):
          answer(Request(head: head, body: body, received: requestStart))
        }
      } catch {
        refuse(error, to: nil)
      }
    }
  }

  private func setReading(_ wanted: Bool) {
    guard wanted != isReading, !isClosed else { return }
    isReading = wanted
    if wanted { reader.resume() } else { reader.suspend() }
  }

  // MARK: Answering

  private func answer(_ request: Request) {
    let handler: Handler
    do { handler = try server.router.handler(for: request.head) } catch {
      // The request itself was sound: the connection can go on.
      return finish(server.refused(error), to: request.head)
    }
    switch handler {
    case .immediate(let respond):
      finish(respond(request), to: request.head)
    case .suspending(let respond):
      setReading(hasPeerEnded ? false : parser.bufferedCount == 0)
      // Unstructured because a connection is not a task: its events come from the queue. It is cancelled when the
      // client goes, and its answer is dropped then.
      let task = Task { [weak self] in
        let response = await respond(request)
        guard let self else { return }
        loop.queue.async { self.finishSuspended(response) }
      }
      phase = .answering(request.head, task: task)
      flush()
    }
  }

  private func finishSuspended(_ response: Response) {
    guard !isClosed, case .answering(let head, _) = phase else { return }
    phase = .idle
    finish(response, to: head)
    if !isClosed, case .closing = phase { return }
    if !hasPeerEnded { setReading(true) }
    advance()
  }

  private func finish(_ response: Response, to head: RequestHead) {
    let closing = isDraining || hasPeerEnded && parser.bufferedCount == 0 || !head.keepsAlive
    loop.encode(response, closing: closing, to: head, into: &output)
    if closing {
      phase = .closing
      flush()
    } else {
      let now = ContinuousClock.now
      phase = parser.isWithinRequest ? .readingHead(since: now) : .idle
      phaseStart = now
      requestStart = now
    }
  }

  private func refuse(_ refusal: Refusal, to head: RequestHead?) {
    loop.encode(server.refused(refusal), closing: true, to: head, into: &output)
    phase = .closing
    flush()
  }

  // MARK: Writing

  private func flush() {
    while written < output.count {
      let transfer = output.withUnsafeBufferPointer { bytes in
        socket.send(UnsafeBufferPointer(rebasing: bytes[written...]))
      }
      switch transfer {
      case .bytes(let count):
        written += count
        lastWrite = .now
      case .wouldBlock:
        waitUntilWritable()
        return
      case .ended, .failed:
        close()
        return
      }
    }
    output.removeAll(keepingCapacity: output.capacity <= 1 << 16)
    written = 0
    if case .closing = phase { linger() }
  }

  private func writable() {
    flush()
    guard !isClosed, output.isEmpty else { return }
    writer?.cancel()
    writer = nil
    if case .closing = phase { return }
    setReading(!hasPeerEnded)
    advance()
  }

  private func waitUntilWritable() {
    guard writer == nil else { return }
    lastWrite = .now
    // Who does not take answers may not ask more.
    setReading(false)
    let source = DispatchSource.makeWriteSource(fileDescriptor: socket.descriptor, queue: loop.queue)
    // The source holds the connection, hence the descriptor, until it is cancelled.
    source.setEventHandler { [self] in writable() }
    source.resume()
    writer = source
  }

  /// RFC 9112, section 9.6: ends sending, then reads what is still coming for a moment. Closing at once could make the
  /// system drop the last answer on the floor.
  private func linger() {
    guard !isClosed else { return }
    socket.finishSending()
    if hasPeerEnded { return close() }
    phaseStart = .now
    reader.setEventHandler { [weak self] in
      guard let self, !isClosed else { return }
      switch socket.receive(into: loop.receiveBuffer) {
      case .bytes, .wouldBlock: break
      case .ended, .failed: close()
      }
    }
    setReading(true)
  }

  private static let lingerTimeout = Duration.seconds(2)

  // MARK: Ending

  func enforceDeadlines(at now: ContinuousClock.Instant) {
    let configuration = server.configuration
    if !output.isEmpty {
      if lastWrite.duration(to: now) > configuration.writeTimeout { close() }
      return
    }
    switch phase {
    case .idle:
      if phaseStart.duration(to: now) > (isDraining ? Connection.lingerTimeout : configuration.idleTimeout) {
        close()
      }
    case .readingHead(let since):
      if since.duration(to: now) > configuration.headTimeout { refuse(.requestTimedOut, to: nil) }
    case .readingBody(let since, let received):
      let elapsed = since.duration(to: now)
      let isTooSlow =
        elapsed > .seconds(10) && received < configuration.minimumBodyRate * Int(elapsed.components.seconds)
      if isTooSlow || elapsed > configuration.bodyTimeout { refuse(.requestTimedOut, to: nil) }
    case .answering: break
    case .closing:
      if phaseStart.duration(to: now) > Connection.lingerTimeout { close() }
    }
  }

  /// The server is stopping: the next answer is the last. A connection without a request gets a moment more, for one
  /// that is already on its way.
  func drain() {
    isDraining = true
    if case .idle = phase { phaseStart = .now }
  }

  func close() {
    guard !isClosed else { return }
    if case .answering(_, let task?) = phase { task.cancel() }
    // A suspended source cannot be cancelled.
    setReading(true)
    isClosed = true
    writer?.cancel()
    writer = nil
    reader.cancel()
    loop.remove(self)
  }
}
