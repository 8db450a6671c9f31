/// The first frame of a GIF (CompuServe, GIF89a) on its canvas.
struct GIFImage {
  let width: Int
  let height: Int
  private let bytes: [UInt8]
  private let frame: (x: Int, y: Int, width: Int, height: Int)
  private let isInterlaced: Bool
  /// RGB, 3 bytes for each index.
  private let palette: ArraySlice<UInt8>
  private let transparent: Int?
  /// Where the frame's compressed data begins.
  private let data: Int

  init(_ bytes: [UInt8]) throws(ImageError) {
    self.bytes = bytes
    func number(_ offset: Int) -> Int { bytes.littleEndian(at: offset, bytes: 2) }
    func colors(_ flags: UInt8, at offset: Int) -> Range<Int>? {
      let size = 3 << (Int(flags & 7) + 1)
      return flags & 0x80 == 0 ? offset..<offset : offset + size <= bytes.count ? offset..<offset + size : nil
    }
    let incomplete = ImageError.truncated(.gif, reason: "the header is incomplete")
    guard bytes.count >= 13, let global = colors(bytes[10], at: 13) else { throw incomplete }
    (width, height) = (number(6), number(8))
    guard width > 0, height > 0 else { throw .corrupt(.gif, reason: "a size of \(width)x\(height)") }
    var (position, transparent) = (global.endIndex, Int?.none)
    // Extensions up to the first image: 21, label, sub-blocks; of a graphic control the colour that is none.
    while position + 10 <= bytes.count, bytes[position] == 0x21 {
      if bytes[position + 1] == 0xF9, bytes[position + 2] >= 4 {
        transparent = bytes[position + 3] & 1 == 1 ? Int(bytes[position + 6]) : nil
      }
      position += 2
      while position < bytes.count, bytes[position] != 0 { position += Int(bytes[position]) + 1 }
      position += 1
    }
    guard position + 11 <= bytes.count else { throw incomplete }
    guard bytes[position] == 0x2C else { throw .corrupt(.gif, reason: "no image") }
    let flags = bytes[position + 9]
    guard let local = colors(flags, at: position + 10) else { throw incomplete }
    frame = (number(position + 1), number(position + 3), number(position + 5), number(position + 7))
    isInterlaced = flags & 0x40 != 0
    palette = bytes[local.isEmpty ? global : local]
    self.transparent = transparent
    data = local.endIndex
    guard !palette.isEmpty else { throw .corrupt(.gif, reason: "no colours") }
    guard frame.x + frame.width <= width, frame.y + frame.height <= height else {
      throw .corrupt(.gif, reason: "a frame lies outside its canvas")
    }
  }

  /// - Parameters:
  ///   - target: `[height, width, 3]`.
  ///   - background: level of what the frame leaves transparent.
  func decode(into target: inout MutableSpan<UInt8>, background: UInt8) throws(ImageError) {
    for index in 0..<target.count { target[index] = background }
    let rows =
      isInterlaced
      ? [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { stride(from: $0.0, to: frame.height, by: $0.1) }
      : Array(0..<frame.height)
    var done = 0
    try decodeIndices(count: frame.width * frame.height) { index in
      let color = palette.startIndex + 3 * index
      if index != transparent, color + 3 <= palette.endIndex {
        let (row, column) = (frame.y + rows[done / frame.width], frame.x + done % frame.width)
        for channel in 0..<3 { target[(row * width + column) * 3 + channel] = palette[color + channel] }
      }
      done += 1
    }
  }

  /// Lempel-Ziv-Welch with codes that grow (appendix F): each code is an index or a run of indices seen before.
  private func decodeIndices(count: Int, _ take: (Int) -> Void) throws(ImageError) {
    var (position, blockEnd, buffer, bits, taken) = (data + 1, data + 1, 0, 0, 0)
    let rootBits = Int(bytes[data])
    guard (1...8).contains(rootBits) else { throw .corrupt(.gif, reason: "codes of \(rootBits) bits") }
    let (clear, end) = (1 << rootBits, 1 << rootBits + 1)
    // Of each code the code before its last index, that index, the first index and how many there are.
    var previous = [Int](repeating: -1, count: 4096)
    var last = Array(0..<4096)
    var (next, codeBits, before) = (end + 1, rootBits + 1, Int?.none)
    var run: [Int] = []
    while taken < count {
      while bits < codeBits {
        if position == blockEnd {
          guard position < bytes.count, bytes[position] != 0 else {
            throw .truncated(.gif, reason: "the data ends at pixel \(taken) of \(count)")
          }
          blockEnd = position + 1 + Int(bytes[position])
          position += 1
        }
        guard position < bytes.count else {
          throw .truncated(.gif, reason: "the data ends at pixel \(taken) of \(count)")
        }
        buffer |= Int(bytes[position]) << bits
        position += 1
        bits += 8
      }
      let code = buffer & (1 << codeBits - 1)
      buffer >>= codeBits
      bits -= codeBits
      if code == clear {
        (next, codeBits, before) = (end + 1, rootBits + 1, nil)
        continue
      }
      guard code != end else { throw .truncated(.gif, reason: "the data ends at pixel \(taken) of \(count)") }
      guard code < next || (code == next && before != nil) else {
        throw .corrupt(.gif, reason: "an unknown code")
      }
      // A code that is not known yet is the run before with its own first index once more.
      run.removeAll(keepingCapacity: true)
      var part = code == next ? before ?? 0 : code
      while part >= 0 {
        run.append(last[part])
        part = previous[part]
      }
      guard let first = run.last else { return }
      if code == next { run.insert(first, at: 0) }
      for index in run.reversed().prefix(count - taken) { take(index) }
      taken += run.count
      if let before, next < 4096 {
        (previous[next], last[next]) = (before, first)
        next += 1
        if next == 1 << codeBits, codeBits < 12 { codeBits += 1 }
      }
      before = code
    }
  }
}
