/// A Windows bitmap without compression (Microsoft's BITMAPFILEHEADER, BITMAPCOREHEADER and BITMAPINFOHEADER).
struct BMPImage {
  let width: Int
  let height: Int
  private let bytes: [UInt8]
  private let isTopDown: Bool
  private let bitsPerPixel: Int
  private let pixels: Int
  /// Bytes of a row, a multiple of four.
  private let stride: Int
  /// RGB, of up to 8 bits a pixel.
  private let palette: [UInt8]
  /// Where red, green and blue are within 16 or 32 bits, and alpha, if it is there.
  private let masks: [UInt32]

  init(_ bytes: [UInt8]) throws(ImageError) {
    self.bytes = bytes
    func number(_ offset: Int, _ count: Int = 4) -> Int { bytes.littleEndian(at: offset, bytes: count) }
    func signed(_ offset: Int) -> Int { Int(Int32(truncatingIfNeeded: number(offset))) }
    let headerSize = number(14)
    guard bytes.count >= 26, bytes.count >= 14 + headerSize else {
      throw .truncated(.bmp, reason: "the header is incomplete")
    }
    let isCore = headerSize == 12
    guard isCore || headerSize >= 40 else { throw .corrupt(.bmp, reason: "a header of \(headerSize) bytes") }
    let storedHeight = isCore ? number(20, 2) : signed(22)
    width = isCore ? number(18, 2) : signed(18)
    height = Int(storedHeight.magnitude)
    isTopDown = storedHeight < 0
    guard width > 0, height > 0 else { throw .corrupt(.bmp, reason: "a size of \(width)x\(storedHeight)") }
    bitsPerPixel = number(isCore ? 24 : 28, 2)
    let compression = isCore ? 0 : number(30)
    let (uncompressed, bitFields, alphaBitFields) = (0, 3, 6)
    guard [uncompressed, bitFields, alphaBitFields].contains(compression) else {
      let names = [1: "run lengths", 2: "run lengths", 4: "JPEG", 5: "PNG"]
      throw .unsupportedVariant(
        .bmp, reason: "compression \(compression) (\(names[compression] ?? "unknown"))")
    }
    guard [1, 4, 8, 16, 24, 32].contains(bitsPerPixel) else {
      throw .unsupportedVariant(.bmp, reason: "\(bitsPerPixel) bits a pixel")
    }
    pixels = number(10)
    stride = (width * bitsPerPixel + 31) / 32 * 4
    let tables = 14 + headerSize
    if compression != uncompressed, bitsPerPixel >= 16 {
      // In the header since its version 2, behind it before; at the same place in either case.
      let hasAlpha = headerSize >= 56 && number(66) != 0
      masks = ([54, 58, 62] + (hasAlpha ? [66] : [])).map { UInt32(truncatingIfNeeded: number($0)) }
    } else {
      masks = bitsPerPixel == 16 ? [0x7C00, 0x03E0, 0x001F] : [0xFF0000, 0x00FF00, 0x0000FF]
    }
    let entrySize = isCore ? 3 : 4
    let used = isCore ? 0 : number(46)
    let colors = bitsPerPixel > 8 ? 0 : min(used == 0 ? 1 << bitsPerPixel : used, 1 << bitsPerPixel)
    var palette = [UInt8](repeating: 0, count: bitsPerPixel > 8 ? 0 : 3 << bitsPerPixel)
    for index in 0..<colors {
      for channel in 0..<3 {
        palette[3 * index + 2 - channel] = UInt8(number(tables + index * entrySize + channel, 1))
      }
    }
    self.palette = palette
    // A palette may have fewer entries than the header says, not none.
    guard pixels >= tables + (colors > 0 ? entrySize : 0) else {
      throw .corrupt(.bmp, reason: "the pixels begin within the header")
    }
  }

  /// - Parameters:
  ///   - target: `[height, width, 3]`.
  ///   - background: level that transparent pixels are blended over.
  func decode(into target: inout MutableSpan<UInt8>, background: UInt8) throws(ImageError) {
    let (end, overflows) = stride.multipliedReportingOverflow(by: height)
    guard !overflows, end <= bytes.count - pixels else {
      throw .truncated(.bmp, reason: "\(max(0, bytes.count - pixels)) bytes of pixels of \(end)")
    }
    let fields = masks.map(Field.init)
    for y in 0..<height {
      let row = pixels + (isTopDown ? y : height - 1 - y) * stride
      for x in 0..<width {
        let to = (y * width + x) * 3
        switch bitsPerPixel {
        case 24: for channel in 0..<3 { target[to + channel] = bytes[row + 3 * x + 2 - channel] }
        case 16, 32:
          let size = bitsPerPixel / 8
          var value: UInt32 = 0
          for byte in 0..<size { value |= UInt32(bytes[row + size * x + byte]) << UInt32(8 * byte) }
          let alpha = fields.count > 3 ? fields[3].level(value) : 255
          for channel in 0..<3 {
            let level = fields[channel].level(value) * alpha + Int(background) * (255 - alpha)
            target[to + channel] = UInt8((level + 127) / 255)
          }
        default:
          let bit = x * bitsPerPixel
          let index = Int(bytes[row + bit / 8] >> UInt8(8 - bitsPerPixel - bit % 8)) & (1 << bitsPerPixel - 1)
          for channel in 0..<3 { target[to + channel] = palette[3 * index + channel] }
        }
      }
    }
  }

  /// Some bits of a pixel.
  private struct Field {
    let mask: UInt32
    let shift: UInt32
    let max: UInt64

    init(_ mask: UInt32) {
      self.mask = mask
      shift = mask == 0 ? 0 : UInt32(mask.trailingZeroBitCount)
      max = Swift.max(UInt64(mask >> shift), 1)
    }

    /// 0...255.
    func level(_ pixel: UInt32) -> Int { Int((UInt64((pixel & mask) >> shift) * 255 + max / 2) / max) }
  }
}
