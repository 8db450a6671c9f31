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

  package enum Action: Sendable {
    case wait
    /// A request with a body has begun. The body may be large, and the client may wait for 100 Continue.
    case head(RequestHead, expectsContinue: Bool)
    case request(RequestHead, body: [UInt8], received: Instant)
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
    case reject(HTTPError)
    case close
  }

  /// How long to read after the last response (RFC 9112, section 9.6). Closing at once could make the system discard that
  /// response.
  package static let lingerTimeout = Duration.seconds(2)
  /// Time after which the minimum rate of a body is enforced.
  package static let bodyRateGrace = Duration.seconds(10)

  private let configuration: ServerConfiguration
  private var parser: RequestParser
  private var phase: Phase
  /// When the first byte of the current request arrived.
  private var requestStart: Instant
  /// Since when the peer has not accepted any output, while there is some.
  private var writeBlockedSince: Instant?
  private(set) var hasReceivedEOF = false
  private var isDraining = false

  package init(configuration: ServerConfiguration, at now: Instant) {
    self.configuration = configuration
    parser = RequestParser(limits: configuration.limits)
    phase = .idle(since: now)
    requestStart = now
  }

  /// Whether to read from the socket.
  package var wantsRead: Bool {
    guard !hasReceivedEOF else { return false }
    switch phase {
    // A client that does not read its responses may not send more requests.
    case .idle, .readingHead, .readingBody: return writeBlockedSince == nil
    // Read at most one piece of the next requests; the rest stays in the socket. Reading at all detects the end of input.
    case .handling: return writeBlockedSince == nil && parser.bufferedCount == 0
    case .closing: return false
    case .lingering: return true
    }
  }

  /// Number of bytes received of a body that is not complete yet.
  var bodyCount: Int { parser.bodyCount }

  package var isHandling: Bool { if case .handling = phase { true } else { false } }

  // MARK: Reading

  package mutating func receivedBytes(_ bytes: UnsafeBufferPointer<UInt8>, at now: Instant) {
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
    guard writeBlockedSince == nil else { return .wait }
    do {
      switch try parser.next() {
      case .head(let head, let expectsContinue)?:
        phase = .readingBody(since: now, received: parser.bufferedCount)
        return .head(head, expectsContinue: expectsContinue)
      case .complete(let head, let body)?:
        phase = .handling(head)
        return .request(head, body: body, received: requestStart)
      case nil:
        if hasReceivedEOF {
          // The rest of this request will never arrive.
          phase = .closing
        } else if case .readingHead = phase, !parser.isWithinRequest {
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
    switch phase {
    case .idle, .readingHead, .readingBody, .lingering: return .close
    // A client that has only shut down its sending side still wants its responses.
    case .handling(let head): return head.isHTTP10 ? .wait : .probe
    case .closing: return .wait
    }
  }

  // MARK: Responding

  /// The response to the current request is in the output buffer.
  ///
  /// - Returns: whether it is the last response of the connection.
  package mutating func responded(at now: Instant) -> Bool {
    guard case .handling(let head) = phase else { return true }
    let nothingFollows = (isDraining || hasReceivedEOF) && !parser.isWithinRequest
    guard head.keepsAlive, !nothingFollows else {
      phase = .closing
      return true
    }
    phase = parser.isWithinRequest ? .readingHead(since: now) : .idle(since: now)
    requestStart = now
    return false
  }

  /// Ignores further requests: the response to the current one is the last.
  package mutating func close() { phase = .closing }

  /// The server is shutting down.
  package mutating func drain(at now: Instant) {
    isDraining = true
    if case .idle = phase { phase = .idle(since: now) }
  }

  // MARK: Writing

  /// The socket does not accept more output for now. Call it again after each progress.
  package mutating func writeBlocked(at now: Instant) { writeBlockedSince = now }

  /// All output has been written.
  package mutating func writeCompleted(at now: Instant) -> WriteCompleteAction {
    writeBlockedSince = nil
    guard case .closing = phase else { return .proceed }
    if hasReceivedEOF { return .close }
    phase = .lingering(since: now)
    return .shutdownWrite
  }

  // MARK: Time

  /// What to do if a timeout has expired, else `nil`.
  package func timeoutAction(at now: Instant) -> TimeoutAction? {
    if let writeBlockedSince { return now - writeBlockedSince > configuration.writeTimeout ? .close : nil }
    switch phase {
    case .idle(let since):
      let timeout = isDraining ? configuration.drainIdleTimeout : configuration.idleTimeout
      return now - since > timeout ? .close : nil
    case .readingHead(let since):
      return now - since > configuration.headTimeout ? .reject(.requestTimeout) : nil
    case .readingBody(let since, let received):
      let elapsed = now - since
      let expected = configuration.minBodyRate * Int(elapsed.components.seconds)
      let isTooSlow = elapsed > ConnectionState.bodyRateGrace && received < expected
      return isTooSlow || elapsed > configuration.bodyTimeout ? .reject(.requestTimeout) : nil
    case .handling, .closing: return nil
    case .lingering(let since): return now - since > ConnectionState.lingerTimeout ? .close : nil
    }
  }
}
