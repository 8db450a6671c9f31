/// Chunks of a RIFF file: name, length, content, a byte of padding after odd lengths.
struct RIFFChunks: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  /// - Parameter start: where the first chunk begins.
  init(_ bytes: [UInt8], from start: Int, to end: Int? = nil) {
    self.bytes = bytes
    position = start
    self.end = Swift.min(end ?? bytes.count, bytes.count)
  }

  mutating func next() -> (name: String, content: ArraySlice<UInt8>)? {
    guard position + 8 <= end else { return nil }
    let name = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    let length = bytes.littleEndian(at: position + 4, bytes: 4)
    let start = position + 8
    guard start + length <= end else { return nil }
    position = start + length + length % 2
    return (name, bytes[start..<start + length])
  }
}

/// What of a WebP file is decoded: all of a still image, or the first frame of an animation on its canvas.
struct WebPContainer {
  /// Nil for a still image, whose size is in the bitstream.
  let canvas: (width: Int, height: Int)?
  /// What libwebp is given: the file, or a frame's own chunks.
  let bitstream: Range<Int>
  /// Where in the canvas the frame lies.
  let (x, y): (Int, Int)
  /// What an animation says of its first frame; the bitstream must agree.
  let frame: (width: Int, height: Int)?

  /// - Throws: ``ImageError/truncated(_:reason:)`` where the file is shorter than its header says, and
  ///   ``ImageError/corrupt(_:reason:)`` for an animation without a frame.
  init(_ bytes: [UInt8]) throws(ImageError) {
    let size = bytes.littleEndian(at: 4, bytes: 4) + 8
    guard size <= bytes.count else {
      if UnsupportedContent.lacksLineEnds(bytes) { throw .unsupported(.lineEndsChanged(.webp)) }
      throw .truncated(.webp, reason: "\(bytes.count) bytes of \(size)")
    }
    var chunks = RIFFChunks(bytes, from: 12, to: size)
    let first = chunks.next()
    let isAnimated = 0x02
    guard let header = first, header.name == "VP8X", header.content.count >= 10,
      Int(header.content[header.content.startIndex]) & isAnimated != 0
    else {
      (canvas, bitstream, x, y, frame) = (nil, 0..<size, 0, 0, nil)
      return
    }
    let start = header.content.startIndex
    let canvas = (
      width: bytes.littleEndian(at: start + 4, bytes: 3) + 1,
      height: bytes.littleEndian(at: start + 7, bytes: 3) + 1
    )
    // ANMF: x/2, y/2, width-1, height-1 and duration of 3 bytes each, flags, then the frame's chunks.
    while let chunk = chunks.next() {
      guard chunk.name == "ANMF", chunk.content.count > 16 else { continue }
      let start = chunk.content.startIndex
      (x, y) = (2 * bytes.littleEndian(at: start, bytes: 3), 2 * bytes.littleEndian(at: start + 3, bytes: 3))
      frame = (
        width: bytes.littleEndian(at: start + 6, bytes: 3) + 1,
        height: bytes.littleEndian(at: start + 9, bytes: 3) + 1
      )
      self.canvas = canvas
      bitstream = start + 16..<chunk.content.endIndex
      return
    }
    throw .corrupt(.webp, reason: "an animation without a frame")
  }
}
