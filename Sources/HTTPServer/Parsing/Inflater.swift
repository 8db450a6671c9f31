import CZlib

extension ContentCoding {
  /// Decodes a whole body.
  ///
  /// - Parameter admit: called before the output grows, with its new size in bytes; throws if that is too much.
  func decode(
    _ input: [UInt8], admit: (Int) throws(ContentCodingError) -> Void
  ) throws(ContentCodingError) -> [UInt8] {
    guard let inflater = Inflater(windowBits: windowBits(for: input)) else { throw .noMemory }
    var output: [UInt8] = []
    var position = 0
    while true {
      let step = inflater.step(input[position...])
      position += step.consumed
      if step.produced > 0 {
        try admit(output.count + step.produced)
        output.append(contentsOf: inflater.output[..<step.produced])
      }
      switch step.result {
      case .progress: continue
      case .needsInput: throw .truncated(self)
      case .failed(let reason): throw .corrupt(self, reason: reason)
      case .end:
        if position == input.count { return output }
        // RFC 1952, section 2.2: members follow each other without anything between them.
        guard self == .gzip, input[position...].starts(with: [0x1F, 0x8B]) else {
          throw .trailingBytes(self, count: input.count - position)
        }
        inflater.reset()
      }
    }
  }

  /// zlib's parameter for the format.
  private func windowBits(for input: [UInt8]) -> Int32 {
    switch self {
    case .gzip: 15 + 16
    // RFC 1950, section 2.2: method 8, and a check of the first two bytes. No encoder begins raw data like this: it would be a
    // stored block with a nonzero padding bit.
    case .deflate:
      input.count >= 2 && input[0] & 0x0F == 8 && (Int(input[0]) << 8 | Int(input[1])) % 31 == 0 ? 15 : -15
    }
  }
}

/// zlib's decompressor. A class, because zlib's state points back to the stream, which must not move.
private final class Inflater {
  enum Result {
    case progress
    case end
    case needsInput
    case failed(String)
  }

  /// Bytes that one step produces at most.
  private static let stepSize = 64 << 10

  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  /// The bytes of the latest step.
  let output = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: stepSize)

  /// - Returns: `nil` without memory.
  init?(windowBits: Int32) {
    stream.initialize(to: z_stream())
    guard yolox_inflate_init(stream, windowBits) == Z_OK else { return nil }
  }

  deinit {
    // Does nothing to a stream that has no state.
    inflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// Starts with the next member.
  func reset() { inflateReset(stream) }

  /// Decompresses the beginning of `input` into `output`.
  func step(_ input: ArraySlice<UInt8>) -> (result: Result, consumed: Int, produced: Int) {
    input.withUnsafeBufferPointer { bytes in
      // zlib counts in 32 bits and does not write to its input.
      let available = min(bytes.count, Int(UInt32.max))
      stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
      stream.pointee.avail_in = UInt32(available)
      stream.pointee.next_out = output.baseAddress
      stream.pointee.avail_out = UInt32(output.count)
      let status = inflate(stream, Z_NO_FLUSH)
      let consumed = available - Int(stream.pointee.avail_in)
      let produced = output.count - Int(stream.pointee.avail_out)
      stream.pointee.next_in = nil
      let result: Result =
        switch status {
        case Z_OK: consumed > 0 || produced > 0 ? .progress : .needsInput
        case Z_STREAM_END: .end
        case Z_BUF_ERROR: .needsInput
        case Z_NEED_DICT: .failed("it needs a preset dictionary")
        default: .failed(stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)")
        }
      return (result, consumed, produced)
    }
  }
}
