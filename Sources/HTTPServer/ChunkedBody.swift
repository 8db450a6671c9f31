import HTTPTypes

/// A body in chunks (RFC 9112, section 7.1): sizes in hexadecimal, extensions passed over, trailers checked and dropped.
struct ChunkedBody: Sendable {
  private enum State: Sendable {
    /// Within a line that gives a size.
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

  /// What the lines around the data may be in all, beyond a fair share for each chunk: without this, chunks of one byte
  /// with long extensions would cost the server a thousand times what they bring.
  private static let framingAllowance = 16 << 10
  private static let fairFraming = 16

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

  /// - Returns: how many of `input` were used; all, unless the body ended before.
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
      // Sixteen digits cannot overflow, and no body needs more.
      guard let digit = hexadecimalDigit(byte), digits < 15 else {
        throw .malformed("a chunk's size is not a number")
      }
      return .size(value: value << 4 | Int(digit), digits: digits + 1)
    case .chunkExtension(let value):
      try countFraming()
      if byte == 0x0D { return .sizeLineFeed(value: value) }
      guard isVisible(byte) else { throw .malformed("a control character in a chunk's extension") }
      return .chunkExtension(value: value)
    case .sizeLineFeed(let value):
      guard byte == 0x0A else { throw .malformed("a carriage return on its own") }
      guard value > 0 else { return .trailer }
      guard value <= limits.body - received else { throw .bodyTooLarge(limit: limits.body) }
      received += value
      framing = max(0, framing - ChunkedBody.fairFraming - value)
      return .data(remaining: value)
    case .dataReturn:
      guard byte == 0x0D else { throw .malformed("a chunk longer than its size") }
      return .dataLineFeed
    case .dataLineFeed:
      guard byte == 0x0A else { throw .malformed("a carriage return on its own") }
      return .size(value: 0, digits: 0)
    case .trailer:
      trailerRemaining -= 1
      guard trailerRemaining > 0 else { throw .fieldsTooLarge(limit: limits.fields) }
      if byte == 0x0D { return .trailerLineFeed }
      guard isVisible(byte) else { throw .malformed("a control character in a trailer") }
      trailerLine.append(byte)
      return .trailer
    case .trailerLineFeed:
      guard byte == 0x0A else { throw .malformed("a carriage return on its own") }
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
    guard framing <= ChunkedBody.framingAllowance else { throw .malformed("more chunk framing than data") }
  }

  private func isVisible(_ byte: UInt8) -> Bool { byte == 0x09 || (byte >= 0x20 && byte != 0x7F) }
}
