import CCodecs

extension Image {
  /// What transparent pixels of a PNG are blended over. OpenCV drops the alpha channel, which shows whatever colour an
  /// editor left under it; white is what the picture looks like on a page.
  package static let transparencyBackground: UInt8 = 255

  /// Decodes a JPEG or PNG. The picture is turned the way its EXIF orientation says; colour profiles are ignored.
  ///
  /// A JPEG that ends early still gives a picture, gray where nothing came, as long as its first row of blocks did.
  package init(decoding bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= limits.bytes else { throw .tooManyBytes(count: bytes.count, limit: limits.bytes) }
    guard let format = ImageFormat(sniffing: bytes) else {
      throw .unknownFormat(firstBytes: Array(bytes.prefix(8)))
    }
    var codecLimits = cc_limits(
      width: UInt32(clamping: limits.width), height: UInt32(clamping: limits.height),
      pixels: UInt64(clamping: limits.pixels))
    var header = cc_image()
    let headerStatus = bytes.withUnsafeBufferPointer { bytes in
      switch format {
      case .jpeg: cc_jpeg_header(bytes.baseAddress, bytes.count, &codecLimits, &header)
      case .png: cc_png_header(bytes.baseAddress, bytes.count, &codecLimits, &header)
      }
    }
    try Image.check(headerStatus, header, format, limits)

    let (width, height) = (Int(header.width), Int(header.height))
    var status = CC_OK
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { pixels, count in
      // Every byte is written before any is read, also where decoding fails half-way.
      pixels.initialize(repeating: 0)
      status = bytes.withUnsafeBufferPointer { bytes in
        switch format {
        case .jpeg: cc_jpeg_decode(bytes.baseAddress, bytes.count, &codecLimits, pixels.baseAddress, &header)
        case .png:
          cc_png_decode(
            bytes.baseAddress, bytes.count, &codecLimits, Image.transparencyBackground, pixels.baseAddress,
            &header)
        }
      }
      count = width * height * 3
    }
    try Image.check(status, header, format, limits)

    let upright = Image(width: width, height: height, pixels: pixels)
    self = format == .jpeg ? upright.oriented(Orientation(exifOf: bytes)) : upright
  }

  private static func check(
    _ status: cc_status, _ header: cc_image, _ format: ImageFormat, _ limits: ImageLimits
  ) throws(ImageError) {
    switch status {
    case CC_OK: return
    case CC_TOO_LARGE:
      throw .tooLarge(width: Int(header.width), height: Int(header.height), limits: limits)
    case CC_EXHAUSTED: throw .unreasonable(format, reason: message(header))
    default: throw .corrupt(format, reason: message(header))
    }
  }

  private static func message(_ header: cc_image) -> String {
    let text = withUnsafeBytes(of: header.message) { raw in
      String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
    return text.isEmpty ? "out of memory" : text
  }
}
