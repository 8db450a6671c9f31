import CCodecs

/// A JPEG or PNG of which the header has been read and lies within limits. Its pixels have not been touched.
package struct EncodedImage: Sendable {
  /// What transparent pixels of a PNG are blended over. OpenCV drops the alpha channel, which shows whatever colour an
  /// editor left under it; white is what the picture looks like on a page.
  package static let transparencyBackground: UInt8 = 255

  /// Of the picture as it is looked at: turned the way its EXIF orientation says.
  package let width: Int
  package let height: Int
  let orientation: Orientation
  /// Whether rows can be had one at a time, from the top.
  let comesInRows: Bool
  private let bytes: [UInt8]
  private let format: ImageFormat
  private let limits: ImageLimits
  private let stored: (width: UInt32, height: UInt32)

  package init(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= limits.bytes else { throw .tooManyBytes(count: bytes.count, limit: limits.bytes) }
    guard let format = ImageFormat(sniffing: bytes) else {
      throw .unknownFormat(firstBytes: Array(bytes.prefix(8)))
    }
    var codecLimits = cc_limits(limits)
    var header = cc_image()
    let status = bytes.withUnsafeBufferPointer { bytes in
      switch format {
      case .jpeg: cc_jpeg_header(bytes.baseAddress, bytes.count, &codecLimits, &header)
      case .png: cc_png_header(bytes.baseAddress, bytes.count, &codecLimits, &header)
      }
    }
    try EncodedImage.check(status, header, format, limits)
    self.bytes = bytes
    self.format = format
    self.limits = limits
    orientation = format == .jpeg ? Orientation(exifOf: bytes) : .upright
    stored = (header.width, header.height)
    comesInRows = header.comes_in_rows != 0
    let sides = orientation.swapsSides ? (header.height, header.width) : (header.width, header.height)
    (width, height) = (Int(sides.0), Int(sides.1))
  }

  /// Memory that decoding for a letterbox takes beyond the input, in bytes, at most: a row if rows come in order and need
  /// not be turned; otherwise all pixels, and in libjpeg the coefficients, two bytes each, of a progressive JPEG.
  package var decodingBytes: Int {
    comesInRows && orientation == .upright ? 3 * width : (3 + 6) * width * height
  }

  /// How far this picture can be reduced while it is decoded and still cover as many pixels as `letterbox` wants of it.
  func reduction(for letterbox: Letterbox) -> Reduction {
    guard format == .jpeg else { return .none }
    return Reduction.allCases.last {
      $0.reduced(width) >= letterbox.resizedWidth && $0.reduced(height) >= letterbox.resizedHeight
    } ?? .none
  }

  /// - Returns: the picture, upright.
  package func decoded() throws(ImageError) -> Image { try decoded(.none) }

  func decoded(_ reduction: Reduction) throws(ImageError) -> Image {
    let (width, height) = size(reduction)
    var status = Result<Void, ImageError>.success(())
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { pixels, count in
      status = decode(
        reduction, into: cc_rows(pixels: pixels.baseAddress, stride: width * 3, taken: nil, context: nil))
      // A decoder that gave up may have left rows unwritten.
      if case .success = status { count = width * height * 3 }
    }
    try status.get()
    return Image(width: width, height: height, pixels: pixels).oriented(orientation)
  }

  /// Width and height of what ``decode(_:into:)`` gives: not turned.
  func size(_ reduction: Reduction) -> (width: Int, height: Int) {
    (reduction.reduced(Int(stored.width)), reduction.reduced(Int(stored.height)))
  }

  /// Decodes the picture as it is stored, not turned.
  func decode(_ reduction: Reduction, into rows: cc_rows) -> Result<Void, ImageError> {
    var (rows, codecLimits) = (rows, cc_limits(limits))
    var header = cc_image()
    (header.width, header.height) = stored
    let status = bytes.withUnsafeBufferPointer { bytes in
      switch format {
      case .jpeg:
        cc_jpeg_decode(bytes.baseAddress, bytes.count, &codecLimits, reduction.rawValue, &rows, &header)
      case .png:
        cc_png_decode(
          bytes.baseAddress, bytes.count, &codecLimits, EncodedImage.transparencyBackground, &rows, &header)
      }
    }
    return Result { () throws(ImageError) in try EncodedImage.check(status, header, format, limits) }
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

extension Image {
  /// Decodes a JPEG or PNG. The picture is turned the way its EXIF orientation says; colour profiles are ignored.
  ///
  /// A JPEG that ends early still gives a picture, gray where nothing came, as long as its first row of blocks did.
  package init(decoding bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
    self = try EncodedImage(bytes, limits: limits).decoded()
  }
}

extension cc_limits {
  fileprivate init(_ limits: ImageLimits) {
    self.init(
      width: UInt32(clamping: limits.width), height: UInt32(clamping: limits.height),
      pixels: UInt64(clamping: limits.pixels))
  }
}
