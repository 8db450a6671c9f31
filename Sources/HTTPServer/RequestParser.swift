import HTTPTypes

/// Bytes of one connection to requests (RFC 9112). A value that does no I/O: feed it bytes as they come, in any pieces,
/// and ask for what is complete.
///
/// It is strict where leniency lets one server see another request than the next: see ``RequestHeadParser`` and
/// ``ChunkedBody``. After it has thrown, the connection has to be closed.
package struct RequestParser: Sendable {
  package enum Event: Sendable, Equatable {
    /// The head is complete; a body may follow.
    case head(RequestHead, expectsContinue: Bool)
    /// The request is complete.
    case complete(RequestHead, body: [UInt8])
  }

  private enum State: Sendable {
    case head
    case sized(RequestHead, length: Int)
    case chunked(RequestHead, ChunkedBody)
  }

  private let limits: RequestLimits
  private var state = State.head
  private var buffer: [UInt8] = []
  /// Where in `buffer` what has not been used yet begins.
  private var start = 0
  /// Up to where the end of the head has been looked for.
  private var searched = 0

  package init(limits: RequestLimits = RequestLimits()) { self.limits = limits }

  /// Whether bytes of a request have come that is not complete yet.
  package var isWithinRequest: Bool {
    if case .head = state { start < buffer.count } else { true }
  }

  package var isWithinBody: Bool { if case .head = state { false } else { true } }

  /// Bytes that are held.
  package var bufferedCount: Int { buffer.count - start }

  package mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) { buffer.append(contentsOf: bytes) }

  package mutating func feed(_ bytes: some Sequence<UInt8>) { buffer.append(contentsOf: bytes) }

  /// What has become complete, or `nil` if more bytes are needed.
  package mutating func next() throws(Refusal) -> Event? {
    switch state {
    case .head: return try nextHead()
    case .sized(let head, let length):
      guard buffer.count - start >= length else { return nil }
      let body = Array(buffer[start..<start + length])
      discard(length)
      state = .head
      return .complete(head, body: body)
    case .chunked(let head, var body):
      let used = try body.consume(buffer[start...])
      discard(used)
      if body.isComplete {
        state = .head
        return .complete(head, body: body.bytes)
      }
      state = .chunked(head, body)
      return nil
    }
  }

  private mutating func nextHead() throws(Refusal) -> Event? {
    // Section 2.2: empty lines before a request are passed over.
    while buffer.count - start >= 2, buffer[start] == 0x0D, buffer[start + 1] == 0x0A { discard(2) }
    guard let end = try endOfHead() else { return nil }
    let head = try RequestHeadParser(limits: limits).parse(buffer[start..<end])
    discard(end - start)

    let expectsContinue = try expectation(of: head)
    switch try BodyFraming(head) {
    case .none:
      return .complete(head, body: [])
    case .length(let length):
      guard length <= limits.body else { throw .bodyTooLarge(limit: limits.body) }
      if length == 0 { return .complete(head, body: []) }
      state = .sized(head, length: length)
    case .chunked:
      state = .chunked(head, ChunkedBody(limit: limits.body, trailerLimit: limits.fields))
    }
    return .head(head, expectsContinue: expectsContinue)
  }

  /// The index after the empty line, looking at each byte once however the bytes come.
  private mutating func endOfHead() throws(Refusal) -> Int? {
    searched = max(searched, start)
    while searched < buffer.count {
      if buffer[searched] == 0x0A, searched - start >= 3, buffer[searched - 1] == 0x0D,
        buffer[searched - 2] == 0x0A,
        buffer[searched - 3] == 0x0D
      {
        let end = searched + 1
        searched = end
        return end
      }
      searched += 1
    }
    // A head that can no longer become a small enough one is refused before more of it is held.
    let held = buffer.count - start
    if held > limits.requestLine, !buffer[start..<start + limits.requestLine].contains(0x0A) {
      throw .requestLineTooLong(limit: limits.requestLine)
    }
    if held > limits.requestLine + limits.fields { throw .fieldsTooLarge(limit: limits.fields) }
    return nil
  }

  private func expectation(of head: RequestHead) throws(Refusal) -> Bool {
    let expectations = head.fields[values: .expect]
    guard !expectations.isEmpty, !head.isHTTP10 else { return false }
    guard expectations.count == 1, expectations[0].lowercased() == "100-continue" else {
      throw .unsupportedExpectation
    }
    return true
  }

  private mutating func discard(_ count: Int) {
    start += count
    if start == buffer.count {
      // Keeps the memory for the next request, unless this one was uncommonly large.
      buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 16)
      start = 0
      searched = 0
    } else if start > 1 << 16 {
      buffer.removeFirst(start)
      searched = max(0, searched - start)
      start = 0
    }
  }
}

/// How the end of a body is known (RFC 9112, section 6.3).
enum BodyFraming: Equatable {
  case none
  case length(Int)
  case chunked

  init(_ head: RequestHead) throws(Refusal) {
    let codings = head.fields[values: .transferEncoding]
    let lengths = head.fields[values: .contentLength]
    if !codings.isEmpty {
      guard lengths.isEmpty else { throw .malformed("both Content-Length and Transfer-Encoding") }
      guard !head.isHTTP10 else { throw .malformed("Transfer-Encoding in HTTP/1.0") }
      guard codings.count == 1, codings[0].lowercased() == "chunked" else {
        throw .malformed("a Transfer-Encoding other than chunked")
      }
      self = .chunked
    } else if !lengths.isEmpty {
      let digits = lengths[0].utf8
      guard lengths.count == 1, !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
        let length = Int(lengths[0])
      else { throw .malformed("Content-Length is not one number") }
      self = .length(length)
    } else {
      self = .none
    }
  }
}
