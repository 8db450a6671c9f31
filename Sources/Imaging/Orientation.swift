/// How a camera was held, as EXIF records it (CIPA DC-008, tag 0x0112): where the first row and the first column of the
/// stored picture belong.
package enum Orientation: Int, Sendable, CaseIterable {
  case upright = 1
  case mirrored
  case upsideDown
  case mirroredUpsideDown
  case transposed
  case rotatedRight
  case transversed
  case rotatedLeft

  /// Looks for the tag in a JPEG; whatever is missing or broken means upright.
  package init(exifOf jpeg: [UInt8]) {
    self = Orientation.tag(inJPEG: jpeg).flatMap(Orientation.init(rawValue:)) ?? .upright
  }

  /// Pixels a side of what is turned at a time.
  fileprivate static let tile = 32

  var swapsSides: Bool { rawValue >= Orientation.transposed.rawValue }

  private static func tag(inJPEG bytes: [UInt8]) -> Int? {
    var position = 2
    // Segments up to the first scan: FF, marker, length (with itself), content.
    while position + 4 <= bytes.count, bytes[position] == 0xFF {
      let marker = bytes[position + 1]
      if marker == 0xFF {
        position += 1
        continue
      }
      let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      guard marker != 0xDA, length >= 2, position + 2 + length <= bytes.count else { return nil }
      let content = bytes[(position + 4)..<(position + 2 + length)]
      if marker == 0xE1, content.starts(with: Array("Exif\0\0".utf8)) {
        return tag(inTIFF: content.dropFirst(6))
      }
      position += 2 + length
    }
    return nil
  }

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
  /// The picture as it was seen by whoever held the camera.
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
    let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
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
    return Image(width: newWidth, height: newHeight, pixels: turned)
  }
}
