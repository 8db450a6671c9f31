import HTTPTypes

/// Decodes a chunked body (RFC 9112, section 7.1). Chunk extensions are skipped; trailers are validated and dropped.
struct ChunkedBody: Sendable {
  private enum State: Sendable {
    /// In the hexadecimal size of a chunk.
    case size(value: Int, digits: Int)
    case chunkExtension(value: Int)
    case sizeLineFeed(value: Int)
    case data(remaining: Int)
    case dataReturn
    case dataLineFeed
    case trailer
    case trailerLineFeed
    case complete
  }

  /// Limits the bytes of chunk framing to `framingPerChunk` for each chunk, one for each byte of data, and
  /// `framingAllowance` once. Otherwise one-byte chunks with long extensions could make a small body arbitrarily costly.
  private static let framingAllowance = 16 << 10
  private static let framingPerChunk = 16

  var bytes: [UInt8] = []
  private let limits: RequestLimits
  private var state = State.size(value: 0, digits: 0)
  private var received = 0
  private var framing = 0
  private var trailerLine: [UInt8] = []
  private var trailerRemaining: Int
  private var trailerCount = 0

  init(limits: RequestLimits) {
    self.limits = limits
    trailerRemaining = limits.fields
  }

  var isComplete: Bool { if case .complete = state { true } else { false } }

  /// - Returns: the number of bytes consumed: all of `input`, unless the body ends within it.
  mutating func consume(_ input: ArraySlice<UInt8>) throws(HTTPError) -> Int {
    var index = input.startIndex
    while index < input.endIndex, !isComplete {
      if case .data(let remaining) = state {
        let end = index + min(remaining, input.endIndex - index)
        bytes.append(contentsOf: input[index..<end])
        state = remaining == end - index ? .dataReturn : .data(remaining: remaining - (end - index))
        index = end
        continue
      }
      state = try next(input[index])
      index += 1
    }
    return index - input.startIndex
  }

  private mutating func next(_ byte: UInt8) throws(HTTPError) -> State {
    switch state {
    case .size(let value, let digits):
      try countFraming()
      if digits > 0, byte == 0x0D { return .sizeLineFeed(value: value) }
      if digits > 0, byte == UInt8(ascii: ";") { return .chunkExtension(value: value) }
      // Fifteen digits fit into an Int.
      guard let digit = hexadecimalDigit(byte), digits < 15 else {
        throw .malformed(.chunkSize)
      }
      return .size(value: value << 4 | Int(digit), digits: digits + 1)
    case .chunkExtension(let value):
      try countFraming()
      if byte == 0x0D { return .sizeLineFeed(value: value) }
      guard isVisible(byte) else { throw .malformed(.chunkExtension) }
      return .chunkExtension(value: value)
    case .sizeLineFeed(let value):
      guard byte == 0x0A else { throw .malformed(.bareCarriageReturn) }
      guard value > 0 else { return .trailer }
      guard value <= limits.body - received else { throw .bodyTooLarge(limit: limits.body) }
      received += value
      framing = max(0, framing - ChunkedBody.framingPerChunk - value)
      return .data(remaining: value)
    case .dataReturn:
      guard byte == 0x0D else { throw .malformed(.chunkLongerThanSize) }
      return .dataLineFeed
    case .dataLineFeed:
      guard byte == 0x0A else { throw .malformed(.bareCarriageReturn) }
      return .size(value: 0, digits: 0)
    case .trailer:
      trailerRemaining -= 1
      guard trailerRemaining > 0 else { throw .fieldsTooLarge(limit: limits.fields) }
      if byte == 0x0D { return .trailerLineFeed }
      guard isVisible(byte) else { throw .malformed(.trailer) }
      trailerLine.append(byte)
      return .trailer
    case .trailerLineFeed:
      guard byte == 0x0A else { throw .malformed(.bareCarriageReturn) }
      if trailerLine.isEmpty { return .complete }
      trailerCount += 1
      guard trailerCount <= limits.fieldCount else { throw .fieldsTooLarge(limit: limits.fields) }
      _ = try HTTPField(line: trailerLine[...])
      trailerLine.removeAll(keepingCapacity: true)
      return .trailer
    case .data, .complete:
      return state
    }
  }

  private mutating func countFraming() throws(HTTPError) {
    framing += 1
    guard framing <= ChunkedBody.framingAllowance else { throw .malformed(.chunkFraming) }
  }

  private func isVisible(_ byte: UInt8) -> Bool { byte == 0x09 || (byte >= 0x20 && byte != 0x7F) }
}
