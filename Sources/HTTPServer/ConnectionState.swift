/// What a connection does next (RFC 9112, section 9): a value that is told what has happened and when. It does no I/O
/// and looks at no clock, so every timeout can be tested without waiting for it.
package struct ConnectionState: Sendable {
  package typealias Instant = ContinuousClock.Instant

  private enum Phase: Sendable {
    case idle(since: Instant)
    case readingHead(since: Instant)
    case readingBody(since: Instant, received: Int)
    /// The application has the request. Reading rests, so that a client cannot fill memory meanwhile.
    case answering(RequestHead)
    /// The last answer is made; nothing more is taken.
    case finishing
    /// The last answer is written; what the client was still sending is passed over for a moment.
    case lingering(since: Instant)
  }

  package enum Step: Sendable {
    case wait
    /// This much of a request is known. Its body may be large, and the client may wait to be told whether to send it.
    case head(RequestHead, expectsContinue: Bool)
    case request(RequestHead, body: [UInt8], received: Instant)
    /// Answer this, then finish.
    case refuse(HTTPError)
  }

  package enum PeerEnd: Sendable, Equatable {
    case close
    case wait
    /// Gone, or only done with sending: see ``Connection/probe()``.
    case probe
  }

  package enum AfterWriting: Sendable, Equatable {
    case goOn
    case endSending
    case close
  }

  package enum Lapse: Sendable, Equatable {
    case refuse(HTTPError)
    case close
  }

  /// RFC 9112, section 9.6: how long to read on after the last answer. Closing at once could make the system drop that
  /// answer on the floor.
  package static let lingerTimeout = Duration.seconds(2)
  /// What a body may take before its rate counts.
  package static let rateGrace = Duration.seconds(10)

  private let configuration: ServerConfiguration
  private var parser: RequestParser
  private var phase: Phase
  /// When the first byte of the request came.
  private var requestStart: Instant
  /// Since when the peer has taken nothing of what is to be written.
  private var stalledSince: Instant?
  private(set) var hasPeerEnded = false
  private var isDraining = false

  package init(configuration: ServerConfiguration, at now: Instant) {
    self.configuration = configuration
    parser = RequestParser(limits: configuration.limits)
    phase = .idle(since: now)
    requestStart = now
  }

  /// Whether to read from the socket.
  package var wantsInput: Bool {
    guard !hasPeerEnded else { return false }
    switch phase {
    // Who does not take answers may not ask more.
    case .idle, .readingHead, .readingBody: return stalledSince == nil
    // One read's worth of the next requests at most; the rest waits in the system. Reading at all is to see the end.
    case .answering: return stalledSince == nil && parser.bufferedCount == 0
    case .finishing: return false
    case .lingering: return true
    }
  }

  /// What has come of a body that is not complete yet.
  var bodyCount: Int { parser.bodyCount }

  package var isAnswering: Bool { if case .answering = phase { true } else { false } }

  // MARK: Reading

  package mutating func received(_ bytes: UnsafeBufferPointer<UInt8>, at now: Instant) {
    switch phase {
    case .idle:
      phase = .readingHead(since: now)
      requestStart = now
    case .readingBody(let since, let received):
      phase = .readingBody(since: since, received: received + bytes.count)
    case .readingHead, .answering: break
    case .finishing, .lingering: return
    }
    parser.feed(bytes)
  }

  /// What to do with what has been received; to be asked until it says `wait`.
  package mutating func next(at now: Instant) -> Step {
    switch phase {
    case .answering, .finishing, .lingering: return .wait
    case .idle, .readingHead, .readingBody: break
    }
    guard stalledSince == nil else { return .wait }
    do {
      switch try parser.next() {
      case .head(let head, let expectsContinue)?:
        phase = .readingBody(since: now, received: parser.bufferedCount)
        return .head(head, expectsContinue: expectsContinue)
      case .complete(let head, let body)?:
        phase = .answering(head)
        return .request(head, body: body, received: requestStart)
      case nil:
        if hasPeerEnded {
          // The rest of this request will not come.
          phase = .finishing
        } else if case .readingHead = phase, !parser.isWithinRequest {
          phase = .idle(since: now)
        }
        return .wait
      }
    } catch {
      phase = .finishing
      return .refuse(error)
    }
  }

  /// The peer will send no more.
  package mutating func peerEnded() -> PeerEnd {
    hasPeerEnded = true
    switch phase {
    case .idle, .readingHead, .readingBody, .lingering: return .close
    // A client that has only ended its sending still wants its answers.
    case .answering(let head): return head.isHTTP10 ? .wait : .probe
    case .finishing: return .wait
    }
  }

  // MARK: Answering

  /// The request has its answer.
  ///
  /// - Returns: whether it is the connection's last.
  package mutating func answered(at now: Instant) -> Bool {
    guard case .answering(let head) = phase else { return true }
    let nothingFollows = (isDraining || hasPeerEnded) && !parser.isWithinRequest
    guard head.keepsAlive, !nothingFollows else {
      phase = .finishing
      return true
    }
    phase = parser.isWithinRequest ? .readingHead(since: now) : .idle(since: now)
    requestStart = now
    return false
  }

  /// Takes no more requests: the answer to this one is the last.
  package mutating func finish() { phase = .finishing }

  /// The server is stopping.
  package mutating func drain(at now: Instant) {
    isDraining = true
    if case .idle = phase { phase = .idle(since: now) }
  }

  // MARK: Writing

  /// The peer takes no more for now.
  package mutating func stalled(at now: Instant) { stalledSince = now }

  /// All there was has been written.
  package mutating func written(at now: Instant) -> AfterWriting {
    stalledSince = nil
    guard case .finishing = phase else { return .goOn }
    if hasPeerEnded { return .close }
    phase = .lingering(since: now)
    return .endSending
  }

  // MARK: Time

  /// What has taken too long.
  package func lapse(at now: Instant) -> Lapse? {
    if let stalledSince { return now - stalledSince > configuration.writeTimeout ? .close : nil }
    switch phase {
    case .idle(let since):
      let timeout = isDraining ? configuration.idleTimeoutWhenStopping : configuration.idleTimeout
      return now - since > timeout ? .close : nil
    case .readingHead(let since):
      return now - since > configuration.headTimeout ? .refuse(.requestTimedOut) : nil
    case .readingBody(let since, let received):
      let elapsed = now - since
      let expected = configuration.minimumBodyRate * Int(elapsed.components.seconds)
      let isTooSlow = elapsed > ConnectionState.rateGrace && received < expected
      return isTooSlow || elapsed > configuration.bodyTimeout ? .refuse(.requestTimedOut) : nil
    case .answering, .finishing: return nil
    case .lingering(let since): return now - since > ConnectionState.lingerTimeout ? .close : nil
    }
  }
}
