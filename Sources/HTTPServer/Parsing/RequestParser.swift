import HTTPTypes

/// Parses the bytes of one connection into requests (RFC 9112). It does no I/O: feed it bytes in pieces of any size and
/// call ``next()`` until it returns `nil`.
///
/// It is strict where leniency enables request smuggling: see ``RequestHeadParser`` and ``ChunkedBody``. The result
/// depends on the byte stream only, never on how it was split into pieces. After an error it throws the same error for
/// ever.
package struct RequestParser: Sendable {
  package enum Event: Sendable, Equatable {
    /// The head is complete; a body follows.
    case head(RequestHead, expectsContinue: Bool)
    /// The request is complete.
    case complete(RequestHead, body: [UInt8])
  }

  private enum State: Sendable {
    /// Before or in a request line; `hasSkippedLine` after an empty line.
    case requestLine(hasSkippedLine: Bool)
    case fields
    case fixedLength(RequestHead, remaining: Int)
    case chunked(RequestHead)
    case failed(HTTPError)
  }

  private let limits: RequestLimits
  private var state = State.requestLine(hasSkippedLine: false)
  private var buffer: [UInt8] = []
  /// Index of the first byte in `buffer` that has not been consumed.
  private var start = 0
  /// Index up to which `buffer` has been searched for a line end. Each byte is searched once, however the bytes arrive.
  private var searched = 0
  // The partial head, fixed-length body and chunked body are outside `state` so that they grow in place.
  private var headParser: RequestHeadParser
  private var body: [UInt8] = []
  private var chunks: ChunkedBody
  private var failedHead: RequestHead?

  package init(limits: RequestLimits = RequestLimits()) {
    self.limits = limits
    headParser = RequestHeadParser(limits: limits)
    chunks = ChunkedBody(limits: limits)
  }

  /// Whether part of a request has arrived that is not complete yet.
  package var isWithinRequest: Bool {
    if case .requestLine = state { start < buffer.count } else { true }
  }

  /// What has been parsed of the head of a request that is not complete, or that was rejected; `nil` before its first line
  /// is. The rejection may be about the head, so this is for the response only.
  var partialHead: RequestHead? {
    switch state {
    case .requestLine: nil
    case .fields: headParser.partialHead
    case .fixedLength(let head, _), .chunked(let head): head
    case .failed: failedHead
    }
  }

  /// Number of bytes consumed so far.
  package private(set) var consumedCount = 0

  /// Number of bytes in the buffer that have not been consumed.
  package var bufferedCount: Int { buffer.count - start }

  /// Number of bytes received of a body that is not complete yet.
  var bodyCount: Int { body.count + chunks.bytes.count }

  package mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) {
    compact()
    buffer.append(contentsOf: bytes)
  }

  package mutating func feed(_ bytes: some Sequence<UInt8>) {
    compact()
    buffer.append(contentsOf: bytes)
  }

  /// The next event, or `nil` if it needs more bytes.
  package mutating func next() throws(HTTPError) -> Event? {
    do {
      return try advance()
    } catch {
      failedHead = partialHead
      state = .failed(error)
      throw error
    }
  }

  private mutating func advance() throws(HTTPError) -> Event? {
    while true {
      switch state {
      case .requestLine(let hasSkippedLine):
        guard let line = try requestLine() else { return nil }
        if line.isEmpty {
          // Section 2.2: skip one empty line, because some clients send a CR LF after a body.
          guard !hasSkippedLine else { throw .malformed(.emptyRequestLines) }
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
      case .fixedLength(let head, let remaining):
        let count = min(remaining, bufferedCount)
        body.append(contentsOf: buffer[start..<start + count])
        discard(count)
        state = .fixedLength(head, remaining: remaining - count)
        return remaining == count ? end(head, body: take(&body)) : nil
      case .chunked(let head):
        discard(try chunks.consume(buffer[start...]))
        return chunks.isComplete ? end(head, body: take(&chunks.bytes)) : nil
      case .failed(let error):
        throw error
      }
    }
  }

  private mutating func begin(_ head: RequestHead, expectsContinue: Bool) throws(HTTPError) -> Event {
    switch try BodyFraming(head) {
    case .none, .length(0):
      return end(head, body: [])
    case .length(let length):
      guard length <= limits.body else { throw .bodyTooLarge(limit: limits.body) }
      state = .fixedLength(head, remaining: length)
      // Content-Length is only a claim: do not reserve all of it before the bytes arrive.
      body.reserveCapacity(min(length, 1 << 20))
    case .chunked:
      state = .chunked(head)
      chunks = ChunkedBody(limits: limits)
    }
    return .head(head, expectsContinue: expectsContinue)
  }

  private mutating func end(_ head: RequestHead, body: [UInt8]) -> Event {
    state = .requestLine(hasSkippedLine: false)
    // An idle connection should hold little memory, however large its requests were.
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
    // Reject other protocols, such as TLS, at their first byte: they may never send a line end.
    if start < buffer.count, buffer[start] != 0x0D, !isTokenCharacter(buffer[start]) {
      throw .malformed(.method)
    }
    return try line(within: limits.requestLine + 2, orThrow: .requestLineTooLong(limit: limits.requestLine))
  }

  /// The next line without its CR LF, which has to be within the first `limit` bytes.
  private mutating func line(within limit: Int, orThrow error: HTTPError) throws(HTTPError) -> Range<Int>? {
    searched = max(searched, start)
    guard let feed = buffer[searched...].firstIndex(of: 0x0A) else {
      searched = buffer.count
      if buffer.count - start >= limit { throw error }
      return nil
    }
    guard feed - start < limit else { throw error }
    guard feed > start, buffer[feed - 1] == 0x0D else { throw .malformed(.bareLineFeed) }
    let line = start..<(feed - 1)
    guard !buffer[line].contains(0x0D) else { throw .malformed(.bareCarriageReturn) }
    discard(feed + 1 - start)
    return line
  }

  // MARK: Memory

  private mutating func discard(_ count: Int) {
    start += count
    consumedCount += count
  }

  private mutating func discardAll(keepingCapacity: Bool) {
    buffer.removeAll(keepingCapacity: keepingCapacity)
    start = 0
    searched = 0
  }

  /// Frees the consumed part of the buffer.
  private mutating func compact() {
    if start == buffer.count {
      discardAll(keepingCapacity: true)
    } else if start > 0 {
      buffer.removeFirst(start)
      searched = max(0, searched - start)
      start = 0
    }
  }
}
