/// A body in chunks (RFC 9112, section 7.1): sizes in hexadecimal, extensions passed over, trailers read and dropped.
struct ChunkedBody: Sendable {
  private enum State: Sendable {
    /// Within a line that gives a size; `digits` counts those seen, `isExtension` what follows a semicolon.
    case size(value: Int, digits: Int, isExtension: Bool, length: Int)
    case sizeLineFeed(value: Int)
    case data(remaining: Int)
    case dataReturn
    case dataLineFeed
    case trailer(lineLength: Int)
    case trailerLineFeed(lineLength: Int)
    case complete
  }

  private static let sizeLineLimit = 1024

  private(set) var bytes: [UInt8] = []
  private let limit: Int
  private let trailerLimit: Int
  private var trailerRemaining: Int
  private var state = State.size(value: 0, digits: 0, isExtension: false, length: 0)

  init(limit: Int, trailerLimit: Int) {
    self.limit = limit
    self.trailerLimit = trailerLimit
    trailerRemaining = trailerLimit
  }

  var isComplete: Bool { if case .complete = state { true } else { false } }

  /// - Returns: how many of `input` were used; all, unless the body ended before.
  mutating func consume(_ input: ArraySlice<UInt8>) throws(Refusal) -> Int {
    var index = input.startIndex
    while index < input.endIndex, !isComplete {
      if case .data(let remaining) = state {
        let end = index + min(remaining, input.endIndex - index)
        bytes.append(contentsOf: input[index..<end])
        state = remaining == end - index ? .dataReturn : .data(remaining: remaining - (end - index))
        index = end
        continue
      }
      state = try next(after: state, input[index])
      index += 1
    }
    return index - input.startIndex
  }

  private mutating func next(after state: State, _ byte: UInt8) throws(Refusal) -> State {
    switch state {
    case .size(let value, let digits, let isExtension, let length):
      guard length < ChunkedBody.sizeLineLimit else { throw .malformed("a chunk's first line is too long") }
      if byte == 0x0D {
        guard digits > 0 else { throw .malformed("a chunk without a size") }
        return .sizeLineFeed(value: value)
      }
      if isExtension {
        guard byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else {
          throw .malformed("a control character in a chunk's extension")
        }
        return .size(value: value, digits: digits, isExtension: true, length: length + 1)
      }
      if byte == UInt8(ascii: ";"), digits > 0 {
        return .size(value: value, digits: digits, isExtension: true, length: length + 1)
      }
      guard let digit = hexadecimalDigit(byte), digits < 8 else {
        throw .malformed("a chunk's size is not a number")
      }
      return .size(value: value << 4 | Int(digit), digits: digits + 1, isExtension: false, length: length + 1)
    case .sizeLineFeed(let value):
      guard byte == 0x0A else { throw .malformed("a carriage return on its own") }
      guard value <= limit - bytes.count else { throw .bodyTooLarge(limit: limit) }
      return value == 0 ? .trailer(lineLength: 0) : .data(remaining: value)
    case .dataReturn:
      guard byte == 0x0D else { throw .malformed("a chunk longer than its size") }
      return .dataLineFeed
    case .dataLineFeed:
      guard byte == 0x0A else { throw .malformed("a carriage return on its own") }
      return .size(value: 0, digits: 0, isExtension: false, length: 0)
    case .trailer(let length):
      trailerRemaining -= 1
      guard trailerRemaining > 0 else { throw .fieldsTooLarge(limit: trailerLimit) }
      if byte == 0x0D { return .trailerLineFeed(lineLength: length) }
      guard byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else {
        throw .malformed("a control character in a trailer")
      }
      return .trailer(lineLength: length + 1)
    case .trailerLineFeed(let length):
      guard byte == 0x0A else { throw .malformed("a carriage return on its own") }
      return length == 0 ? .complete : .trailer(lineLength: 0)
    case .data, .complete:
      return state
    }
  }
}
