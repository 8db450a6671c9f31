/// Decides what a connection does next (RFC 9112, section 9). It does no I/O and reads no clock: the caller reports events
/// and their times, so every timeout can be tested without waiting.
package struct ConnectionState: Sendable {
  package typealias Instant = ContinuousClock.Instant

  private enum Phase: Sendable {
    case idle(since: Instant)
    case readingHead(since: Instant)
    case readingBody(since: Instant, received: Int)
    /// The handler has the request. Reading pauses, so that pipelined requests do not fill memory.
    case handling(RequestHead)
    /// The last response is in the output buffer; further requests are ignored.
    case closing
    /// The last response is written; what the client still sends is read and dropped for a moment.
    case lingering(since: Instant)
  }

  /// When a request arrived, and how many bytes it took.
  package struct Arrival: Sendable, Equatable {
    /// Of the last byte. For a pipelined request, not before the previous response was made.
    package let receivedAt: Instant
    package let byteCount: Int

    package init(receivedAt: Instant, byteCount: Int) {
      self.receivedAt = receivedAt
      self.byteCount = byteCount
    }
  }

  package enum Action: Sendable {
    case wait
    /// A request with a body has begun. The body may be large, and the client may wait for 100 Continue.
    case head(RequestHead, expectsContinue: Bool)
    case request(RequestHead, body: [UInt8], Arrival)
    /// Send an error response, then close.
    case reject(HTTPError)
  }

  package enum ReceivedEOFAction: Sendable, Equatable {
    case close
    case wait
    /// The client has disconnected or only shut down its sending side: find out which. See ``Connection``.
    case probe
  }

  package enum WriteCompleteAction: Sendable, Equatable {
    case proceed
    case shutdownWrite
    case close
  }

  package enum TimeoutAction: Sendable, Equatable {
    case reject(HTTPError, ServerEvent.TimeoutPhase)
    case close(ServerEvent.TimeoutPhase)
  }

  /// How long to read after the last response if the client sends nothing (RFC 9112, section 9.6). Closing while the client
  /// still sends could make the system discard that response.
  package static let lingerTimeout = Duration.seconds(2)
  /// How long to read after the last response at most, however the client sends.
  package static let maxLingerTime = Duration.seconds(30)
  /// Time after which the minimum rate of a body is enforced.
  package static let bodyRateGrace = Duration.seconds(10)
  /// Time for the head of a request on a connection in reserve.
  package static let reserveTimeout = Duration.seconds(1)

  private let configuration: ServerConfiguration
  private var parser: RequestParser
  private var phase: Phase
  /// The time from which ``Arrival/receivedAt`` of the current request may count.
  private var requestStart: Instant
  private var lastReceived: Instant
  /// Value of ``RequestParser/consumedCount`` at the end of the previous request.
  private var previousRequestsCount = 0
  /// When the connection should close with the response of the moment.
  private let expiry: Instant?
  /// The connection is above the limit: one of the reserve for probes.
  private let isReserve: Bool
  /// Output that the peer does not accept as fast as it is made.
  private var blockedWrite: BlockedWrite?
  private(set) var hasReceivedEOF = false
  private var drainingSince: Instant?

  private struct BlockedWrite {
    let since: Instant
    var lastProgress: Instant
    /// Bytes accepted since it blocked.
    var written = 0
  }

  /// - Parameters:
  ///   - age: closes the connection with its first response after this time.
  ///   - isReserve: the connection is above the limit and closes after one response.
  package init(
    configuration: ServerConfiguration, age: Duration? = nil, isReserve: Bool = false, at now: Instant
  ) {
    self.configuration = configuration
    self.isReserve = isReserve
    parser = RequestParser(limits: configuration.limits)
    phase = isReserve ? .readingHead(since: now) : .idle(since: now)
    requestStart = now
    lastReceived = now
    expiry = age.map { now + $0 }
  }

  /// Whether to read from the socket.
  package var wantsRead: Bool {
    guard !hasReceivedEOF else { return false }
    switch phase {
    // A client that does not read its responses may not send more requests.
    case .idle, .readingHead, .readingBody: return blockedWrite == nil
    // Read at most one piece of the next requests; the rest stays in the socket. Reading at all detects the end of input.
    case .handling: return blockedWrite == nil && parser.bufferedCount == 0
    case .closing: return false
    case .lingering: return true
    }
  }

  /// Number of bytes received of a body that is not complete yet.
  package var bodyCount: Int { parser.bodyCount }

  /// What has been parsed of the head of a request that is not complete; `nil` before its first line is.
  var partialHead: RequestHead? { parser.partialHead }

  /// Number of bytes received of a request that is not complete yet, and of those behind it.
  package var receivedCount: Int { parser.consumedCount + parser.bufferedCount - previousRequestsCount }

  /// Whether bytes wait that belong to the next request.
  var hasBufferedInput: Bool { parser.bufferedCount > 0 }

  package var isHandling: Bool { if case .handling = phase { true } else { false } }

  /// Since when the connection waits for a request; `nil` if it does not.
  package var idleSince: Instant? {
    if case .idle(let since) = phase, blockedWrite == nil { since } else { nil }
  }

  // MARK: Reading

  package mutating func receivedBytes(_ bytes: UnsafeBufferPointer<UInt8>, at now: Instant) {
    lastReceived = now
    switch phase {
    case .idle:
      phase = .readingHead(since: now)
      requestStart = now
    case .readingBody(let since, let received):
      phase = .readingBody(since: since, received: received + bytes.count)
    case .readingHead, .handling: break
    case .closing, .lingering: return
    }
    parser.feed(bytes)
  }

  /// The next action for the received bytes. Call it until it returns `wait`.
  package mutating func nextAction(at now: Instant) -> Action {
    switch phase {
    case .handling, .closing, .lingering: return .wait
    case .idle, .readingHead, .readingBody: break
    }
    guard blockedWrite == nil else { return .wait }
    do {
      switch try parser.next() {
      case .head(let head, let expectsContinue)?:
        phase = .readingBody(since: now, received: parser.bufferedCount)
        return .head(head, expectsContinue: expectsContinue)
      case .complete(let head, let body)?:
        phase = .handling(head)
        let byteCount = parser.consumedCount - previousRequestsCount
        previousRequestsCount = parser.consumedCount
        return .request(
          head, body: body, Arrival(receivedAt: max(lastReceived, requestStart), byteCount: byteCount))
      case nil:
        if hasReceivedEOF {
          // The rest of this request will never arrive.
          close()
        } else if case .readingHead = phase, !parser.isWithinRequest, !isReserve {
          phase = .idle(since: now)
        }
        return .wait
      }
    } catch {
      phase = .closing
      return .reject(error)
    }
  }

  /// The peer has ended sending.
  package mutating func receivedEOF() -> ReceivedEOFAction {
    hasReceivedEOF = true
    return inputEnds()
  }

  /// The peer has ended sending behind bytes that have not been read yet.
  package func willReceiveEOF() -> ReceivedEOFAction { inputEnds() }

  private func inputEnds() -> ReceivedEOFAction {
    switch phase {
    case .idle, .readingHead, .readingBody, .lingering: .close
    // A client that has only shut down its sending side still wants its responses.
    case .handling(let head): head.isHTTP10 ? .wait : .probe
    case .closing: .wait
    }
  }

  // MARK: Responding

  /// The response to the current request is in the output buffer.
  ///
  /// - Returns: whether it is the last response of the connection.
  package mutating func responded(at now: Instant) -> Bool {
    guard case .handling(let head) = phase else { return true }
    let isExpired = expiry.map { now >= $0 } ?? false
    let nothingFollows = hasReceivedEOF && !parser.isWithinRequest
    guard head.keepsAlive, drainingSince == nil, !isExpired, !isReserve, !nothingFollows else {
      close()
      return true
    }
    phase = parser.isWithinRequest ? .readingHead(since: now) : .idle(since: now)
    requestStart = now
    return false
  }

  /// Ignores further requests: the response to the current one is the last. Frees what has been received of them.
  package mutating func close() {
    phase = .closing
    parser = RequestParser(limits: configuration.limits)
    previousRequestsCount = 0
  }

  /// The server is shutting down: the next response is the last. A pipelined request behind it is not answered; the
  /// client learns that from `Connection: close` and may repeat it elsewhere (RFC 9112, section 9.3.2).
  package mutating func drain(at now: Instant) {
    if drainingSince == nil { drainingSince = now }
    if case .idle = phase { phase = .idle(since: now) }
  }

  // MARK: Writing

  /// The socket does not accept more output for now, after it has accepted `count` bytes.
  package mutating func writeBlocked(afterWriting count: Int, at now: Instant) {
    guard var blocked = blockedWrite else {
      blockedWrite = BlockedWrite(since: now, lastProgress: now)
      return
    }
    guard count > 0 else { return }
    blocked.lastProgress = now
    blocked.written += count
    blockedWrite = blocked
  }

  /// All output has been written.
  package mutating func writeCompleted(at now: Instant) -> WriteCompleteAction {
    blockedWrite = nil
    guard case .closing = phase else { return .proceed }
    if hasReceivedEOF { return .close }
    phase = .lingering(since: now)
    lastReceived = now
    return .shutdownWrite
  }

  // MARK: Time

  /// What to do if a timeout has expired, else `nil`.
  package func timeoutAction(at now: Instant) -> TimeoutAction? {
    if let blockedWrite {
      let isStalled = now - blockedWrite.lastProgress > configuration.writeTimeout
      let isTooSlow = isBelowRate(
        configuration.minWriteRate, count: blockedWrite.written, in: now - blockedWrite.since,
        grace: configuration.writeTimeout)
      return isStalled || isTooSlow ? .close(.write) : nil
    }
    switch phase {
    case .idle(let since):
      let timeout = drainingSince == nil ? configuration.idleTimeout : configuration.drainIdleTimeout
      return now - since > timeout ? .close(.idle) : nil
    case .readingHead(let since):
      if isReserve {
        return now - since > ConnectionState.reserveTimeout ? .reject(.tooManyConnections, .head) : nil
      }
      return now - since > configuration.headTimeout ? .reject(.requestTimeout, .head) : nil
    case .readingBody(let since, let received):
      let isTooSlow = isBelowRate(
        configuration.minBodyRate, count: received, in: now - since, grace: ConnectionState.bodyRateGrace)
      let isStalled =
        drainingSince.map { now - max($0, lastReceived) > configuration.drainBodyTimeout } ?? false
      let isLate = now - since > configuration.bodyTimeout
      return isTooSlow || isStalled || isLate ? .reject(.requestTimeout, .body) : nil
    case .handling, .closing: return nil
    case .lingering(let since):
      let maxTime = isReserve ? ConnectionState.lingerTimeout : ConnectionState.maxLingerTime
      let isOver = now - lastReceived > ConnectionState.lingerTimeout || now - since > maxTime
      return isOver ? .close(.linger) : nil
    }
  }

  private func isBelowRate(_ rate: Int, count: Int, in elapsed: Duration, grace: Duration) -> Bool {
    elapsed > grace && count < rate * Int(elapsed.components.seconds)
  }
}
