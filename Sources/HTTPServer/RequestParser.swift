import HTTPTypes

/// Bytes of one connection to requests (RFC 9112). A value that does no I/O: feed it bytes as they come, in any pieces,
/// and ask for what is complete.
///
/// It is strict where leniency lets one server see another request than the next: see ``RequestHeadParser`` and
/// ``ChunkedBody``. Every decision depends on how far into the stream a byte lies and never on where the pieces end,
/// so that a request means the same however it was cut. What it has refused once it refuses for good.
package struct RequestParser: Sendable {
  package enum Event: Sendable, Equatable {
    /// The head is complete; a body follows.
    case head(RequestHead, expectsContinue: Bool)
    /// The request is complete.
    case complete(RequestHead, body: [UInt8])
  }

  private enum State: Sendable {
    /// Before or in a request line; whether an empty line has been passed over.
    case requestLine(hasSkippedLine: Bool)
    case fields
    case sized(RequestHead, remaining: Int)
    case chunked(RequestHead)
    case refused(HTTPError)
  }

  private let limits: RequestLimits
  private var state = State.requestLine(hasSkippedLine: false)
  private var buffer: [UInt8] = []
  /// Where in `buffer` what has not been used yet begins.
  private var start = 0
  /// Up to where the end of a line has been looked for: each byte is looked at once, however the bytes come.
  private var searched = 0
  /// What has come of a head, of a body of known length and of one in chunks; beside `state` so that they grow in place.
  private var headParser: RequestHeadParser
  private var body: [UInt8] = []
  private var chunks: ChunkedBody

  package init(limits: RequestLimits = RequestLimits()) {
    self.limits = limits
    headParser = RequestHeadParser(limits: limits)
    chunks = ChunkedBody(limits: limits)
  }

  /// Whether bytes of a request have come that is not complete yet.
  package var isWithinRequest: Bool {
    if case .requestLine = state { start < buffer.count } else { true }
  }

  /// Bytes that are held and not yet part of a body.
  package var bufferedCount: Int { buffer.count - start }

  /// What has come of a body that is not complete yet.
  var bodyCount: Int { body.count + chunks.bytes.count }

  package mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) {
    reclaim()
    buffer.append(contentsOf: bytes)
  }

  package mutating func feed(_ bytes: some Sequence<UInt8>) {
    reclaim()
    buffer.append(contentsOf: bytes)
  }

  /// What has become complete, or `nil` if more bytes are needed.
  package mutating func next() throws(HTTPError) -> Event? {
    do {
      return try advance()
    } catch {
      state = .refused(error)
      throw error
    }
  }

  private mutating func advance() throws(HTTPError) -> Event? {
    while true {
      switch state {
      case .requestLine(let hasSkippedLine):
        guard let line = try requestLine() else { return nil }
        if line.isEmpty {
          // Section 2.2: one empty line is passed over, for clients that end a body with one too many.
          guard !hasSkippedLine else { throw .malformed("empty lines instead of a request line") }
          state = .requestLine(hasSkippedLine: true)
        } else {
          try headParser.begin(buffer[line])
          state = .fields
        }
      case .fields:
        let limit = headParser.remaining
        guard let line = try line(within: limit, orThrow: .fieldsTooLarge(limit: limits.fields)) else {
          return nil
        }
        if !line.isEmpty {
          try headParser.add(buffer[line])
          continue
        }
        let (head, expectsContinue) = try headParser.finish()
        return try begin(head, expectsContinue: expectsContinue)
      case .sized(let head, let remaining):
        let count = min(remaining, bufferedCount)
        body.append(contentsOf: buffer[start..<start + count])
        discard(count)
        state = .sized(head, remaining: remaining - count)
        return remaining == count ? end(head, body: take(&body)) : nil
      case .chunked(let head):
        discard(try chunks.consume(buffer[start...]))
        return chunks.isComplete ? end(head, body: take(&chunks.bytes)) : nil
      case .refused(let refusal):
        throw refusal
      }
    }
  }

  private mutating func begin(_ head: RequestHead, expectsContinue: Bool) throws(HTTPError) -> Event {
    switch try BodyFraming(head) {
    case .none, .length(0):
      return end(head, body: [])
    case .length(let length):
      guard length <= limits.body else { throw .bodyTooLarge(limit: limits.body) }
      state = .sized(head, remaining: length)
      // The length is only a claim: memory follows what really comes.
      body.reserveCapacity(min(length, 1 << 20))
    case .chunked:
      state = .chunked(head)
      chunks = ChunkedBody(limits: limits)
    }
    return .head(head, expectsContinue: expectsContinue)
  }

  private mutating func end(_ head: RequestHead, body: [UInt8]) -> Event {
    state = .requestLine(hasSkippedLine: false)
    // An idle connection holds little, whatever came over it before.
    if start == buffer.count, buffer.capacity > 1 << 13 { discardAll(keepingCapacity: false) }
    return .complete(head, body: body)
  }

  private func take(_ bytes: inout [UInt8]) -> [UInt8] {
    let taken = bytes
    bytes = []
    return taken
  }

  // MARK: Lines

  private mutating func requestLine() throws(HTTPError) -> Range<Int>? {
    // Something else than HTTP (TLS, say) need not come to an end of line before it is told so.
    if start < buffer.count, buffer[start] != 0x0D, !isTokenCharacter(buffer[start]) {
      throw .malformed("the method is not a token")
    }
    return try line(within: limits.requestLine + 2, orThrow: .requestLineTooLong(limit: limits.requestLine))
  }

  /// The next line without its CR LF, which has to come within the first `limit` bytes.
  private mutating func line(within limit: Int, orThrow refusal: HTTPError) throws(HTTPError) -> Range<Int>? {
    searched = max(searched, start)
    guard let feed = buffer[searched...].firstIndex(of: 0x0A) else {
      searched = buffer.count
      if buffer.count - start >= limit { throw refusal }
      return nil
    }
    guard feed - start < limit else { throw refusal }
    guard feed > start, buffer[feed - 1] == 0x0D else { throw .malformed("a line feed on its own") }
    let line = start..<(feed - 1)
    guard !buffer[line].contains(0x0D) else { throw .malformed("a carriage return on its own") }
    start = feed + 1
    return line
  }

  // MARK: Memory

  private mutating func discard(_ count: Int) { start += count }

  private mutating func discardAll(keepingCapacity: Bool) {
    buffer.removeAll(keepingCapacity: keepingCapacity)
    start = 0
    searched = 0
  }

  /// Makes room of what has been used.
  private mutating func reclaim() {
    if start == buffer.count {
      discardAll(keepingCapacity: true)
    } else if start > 0 {
      buffer.removeFirst(start)
      searched = max(0, searched - start)
      start = 0
    }
  }
}
