/// How the camera was held, as EXIF records it (CIPA DC-008, tag 0x0112): where the first row and the first column of the
/// stored image belong.
package enum Orientation: Int, Sendable, CaseIterable {
  case upright = 1
  case mirrored
  case upsideDown
  case mirroredUpsideDown
  case transposed
  case rotatedRight
  case transversed
  case rotatedLeft

  /// Reads the tag from a TIFF structure; anything missing or broken means upright.
  init(tiff: ArraySlice<UInt8>) {
    self = Orientation.tag(inTIFF: tiff).flatMap(Orientation.init(rawValue:)) ?? .upright
  }

  /// Pixels a side of a block that is rotated at a time.
  fileprivate static let tile = 32

  var swapsSides: Bool { rawValue >= Orientation.transposed.rawValue }

  /// TIFF 6.0, section 2: byte order, 42, the offset of the first directory; its entries are 12 bytes each.
  private static func tag(inTIFF bytes: ArraySlice<UInt8>) -> Int? {
    let isLittleEndian = bytes.starts(with: Array("II".utf8))
    guard isLittleEndian || bytes.starts(with: Array("MM".utf8)) else { return nil }
    func number(at offset: Int, bytes count: Int) -> Int? {
      let start = bytes.startIndex + offset
      guard offset >= 0, start + count <= bytes.endIndex else { return nil }
      let digits = bytes[start..<start + count]
      return (isLittleEndian ? Array(digits.reversed()) : Array(digits)).reduce(0) { $0 << 8 | Int($1) }
    }
    guard number(at: 2, bytes: 2) == 42, let directory = number(at: 4, bytes: 4),
      let count = number(at: directory, bytes: 2)
    else { return nil }
    for entry in 0..<count {
      let offset = directory + 2 + entry * 12
      guard let tag = number(at: offset, bytes: 2) else { return nil }
      if tag == 0x0112 { return number(at: offset + 8, bytes: 2) }
    }
    return nil
  }
}

extension Image {
  /// The upright image.
  package func oriented(_ orientation: Orientation) -> Image {
    guard orientation != .upright else { return self }
    let (newWidth, newHeight) = orientation.swapsSides ? (height, width) : (width, height)
    let (right, bottom) = (width - 1, (height - 1) * width)
    // Which stored pixel comes first, and how far on the next one is to the right and below.
    let (start, across, down): (Int, Int, Int) =
      switch orientation {
      case .upright: (0, 1, width)
      case .mirrored: (right, -1, width)
      case .upsideDown: (bottom + right, -1, -width)
      case .mirroredUpsideDown: (bottom, 1, -width)
      case .transposed: (0, width, 1)
      case .rotatedRight: (bottom, -width, 1)
      case .transversed: (bottom + right, -width, -1)
      case .rotatedLeft: (right, width, -1)
      }
    let rotated = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
      pixels.withUnsafeBufferPointer { source in
        // In tiles, so that a line of the cache that a column is read from is still there for the next column.
        for top in stride(from: 0, to: newHeight, by: Orientation.tile) {
          for left in stride(from: 0, to: newWidth, by: Orientation.tile) {
            for y in top..<min(top + Orientation.tile, newHeight) {
              var from = (start + y * down + left * across) * 3
              var to = (y * newWidth + left) * 3
              for _ in left..<min(left + Orientation.tile, newWidth) {
                target[to] = source[from]
                target[to + 1] = source[from + 1]
                target[to + 2] = source[from + 2]
                to += 3
                from += across * 3
              }
            }
          }
        }
      }
      count = pixels.count
    }
    return Image(width: newWidth, height: newHeight, pixels: rotated)
  }
}
