import CCodecs

/// An image file whose header has been read and lies within limits. Its pixels have not been decoded.
package struct EncodedImage: Sendable {
  /// What transparent pixels are blended over. OpenCV drops the alpha channel, which shows whatever colour an editor left
  /// under it; white is what the image looks like on a page.
  package static let transparencyBackground: UInt8 = 255

  package let format: ImageFormat
  /// Of the upright image, after the EXIF orientation.
  package let width: Int
  package let height: Int
  package let orientation: Orientation
  /// Whether rows can be decoded one at a time, from the top.
  let hasRowsInOrder: Bool
  /// Of the file.
  package let bytes: [UInt8]
  private let limits: ImageLimits
  private let stored: (width: Int, height: Int)
  private let header: cc_image
  private let container: Container

  /// What was parsed of the file itself, before a codec.
  private enum Container {
    /// The codec takes the file.
    case none
    case webp(WebPContainer)
    case gif(GIFImage)
    case bmp(BMPImage)
  }

  /// - Throws: ``ImageError``, naming what the bytes are where they are no image that is decoded here.
  package init(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= limits.bytes else { throw .tooManyBytes(count: bytes.count, limit: limits.bytes) }
    if let content = UnsupportedContent(sniffing: bytes) { throw .unsupported(content) }
    guard let format = ImageFormat(sniffing: bytes) else {
      throw .unknownFormat(firstBytes: Array(bytes.prefix(8)))
    }
    (container, header, stored) = try EncodedImage.readHeader(bytes, format, limits)
    self.bytes = bytes
    self.format = format
    self.limits = limits
    orientation = Exif.find(in: bytes, format: format).map(Orientation.init(tiff:)) ?? .upright
    hasRowsInOrder = header.rows_in_order != 0
    (width, height) = orientation.swapsSides ? (stored.height, stored.width) : stored
  }

  private static func readHeader(
    _ bytes: [UInt8], _ format: ImageFormat, _ limits: ImageLimits
  ) throws(ImageError) -> (Container, cc_image, size: (width: Int, height: Int)) {
    let container: Container =
      switch format {
      case .jpeg, .png: .none
      case .webp: .webp(try WebPContainer(bytes))
      case .gif: .gif(try GIFImage(bytes))
      case .bmp: .bmp(try BMPImage(bytes))
      }
    // The canvas, where the file has one, may be larger than what the codec decodes.
    let canvas: (width: Int, height: Int)? =
      switch container {
      case .none: nil
      case .webp(let file): file.canvas
      case .gif(let file): (file.width, file.height)
      case .bmp(let file): (file.width, file.height)
      }
    if let canvas, !limits.admits(width: canvas.width, height: canvas.height) {
      throw .tooLarge(width: canvas.width, height: canvas.height, limits: limits)
    }
    var (header, codecLimits) = (cc_image(), cc_limits(limits))
    let status = bytes.withUnsafeBufferPointer { bytes in
      switch (format, container) {
      case (.jpeg, _): cc_jpeg_header(bytes.baseAddress, bytes.count, &codecLimits, &header)
      case (.png, _): cc_png_header(bytes.baseAddress, bytes.count, &codecLimits, &header)
      case (_, .webp(let file)):
        file.withBitstream(of: bytes) { cc_webp_header($0.baseAddress, $0.count, &codecLimits, &header) }
      default: CC_OK
      }
    }
    if let error = ImageError(status, header, format, limits, of: bytes) { throw error }
    let size = canvas ?? (Int(header.width), Int(header.height))
    if case .webp(let file) = container, let frame = file.frame {
      guard frame == (Int(header.width), Int(header.height)) else {
        throw .corrupt(.webp, reason: "a frame has another size than its header says")
      }
      guard file.x + Int(header.width) <= size.width, file.y + Int(header.height) <= size.height else {
        throw .corrupt(.webp, reason: "a frame lies outside its canvas")
      }
    }
    return (container, header, size)
  }

  // MARK: Memory

  /// Bytes that ``decoded()`` allocates at its peak, from the header: the pixels, their rotated copy and what the decoder
  /// itself holds.
  package var decodedBytes: Int { decodedBytes(.full) }

  /// Bytes that decoding into `letterbox` allocates at its peak, beside the network's input.
  package func letterboxedBytes(_ letterbox: Letterbox, scaledDecode: ScaledDecode) -> Int {
    let scale = scaledDecode == .auto ? scale(for: letterbox) : .full
    if hasRowsInOrder, orientation == .upright { return Int(header.scratch_bytes) + size(scale).width * 3 }
    return decodedBytes(scale)
  }

  private func decodedBytes(_ scale: DCTScale) -> Int {
    let (width, height) = size(scale)
    return width * height * 3 * (orientation == .upright ? 1 : 2) + Int(header.scratch_bytes)
  }

  // MARK: Decoding

  /// How far this image can be scaled down while it is decoded and still cover every pixel of `letterbox`.
  func scale(for letterbox: Letterbox) -> DCTScale {
    switch container {
    case .none where format == .jpeg: break
    case .webp(let file) where file.canvas == nil && header.has_alpha == 0: break
    default: return .full
    }
    return DCTScale.allCases.last {
      $0.scaled(width) >= letterbox.resizedWidth && $0.scaled(height) >= letterbox.resizedHeight
    } ?? .full
  }

  /// - Returns: the upright image.
  package func decoded() throws(ImageError) -> Image { try decoded(.full) }

  func decoded(_ scale: DCTScale) throws(ImageError) -> Image {
    let (width, height) = size(scale)
    var status = Result<Void, ImageError>.success(())
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { pixels, count in
      status = decode(
        scale, into: cc_rows(pixels: pixels.baseAddress, stride: width * 3, row_ready: nil, context: nil))
      // A decoder that gave up may have left rows unwritten.
      if case .success = status { count = width * height * 3 }
    }
    try status.get()
    return Image(width: width, height: height, pixels: pixels).oriented(orientation)
  }

  /// Width and height of what ``decode(_:into:)`` gives: before rotation.
  func size(_ scale: DCTScale) -> (width: Int, height: Int) {
    (scale.scaled(stored.width), scale.scaled(stored.height))
  }

  /// Decodes the image as it is stored, not rotated.
  func decode(_ scale: DCTScale, into rows: cc_rows) -> Result<Void, ImageError> {
    var (rows, codecLimits, header) = (rows, cc_limits(limits), header)
    let background = EncodedImage.transparencyBackground
    switch container {
    case .gif(let file):
      return rows.withPixels(stored) { (pixels) throws(ImageError) in
        try file.decode(into: &pixels, background: background)
      }
    case .bmp(let file):
      return rows.withPixels(stored) { (pixels) throws(ImageError) in
        try file.decode(into: &pixels, background: background)
      }
    case .none, .webp: break
    }
    let status = bytes.withUnsafeBufferPointer { bytes in
      if case .webp(let file) = container {
        if file.canvas != nil {
          rows.pixels.update(repeating: background, count: rows.stride * stored.height)
          rows.pixels += file.y * rows.stride + file.x * 3
        }
        return file.withBitstream(of: bytes) {
          cc_webp_decode(
            $0.baseAddress, $0.count, &codecLimits, scale.rawValue, background, &rows, &header)
        }
      }
      return format == .png
        ? cc_png_decode(bytes.baseAddress, bytes.count, &codecLimits, background, &rows, &header)
        : cc_jpeg_decode(bytes.baseAddress, bytes.count, &codecLimits, scale.rawValue, &rows, &header)
    }
    return ImageError(status, header, format, limits, of: bytes).map(Result.failure) ?? .success(())
  }
}

extension Image {
  /// Decodes an image file. The EXIF orientation is applied; colour profiles are ignored.
  ///
  /// - Throws: ``ImageError``; ``ImageError/truncated(_:reason:)`` where any of the image data is missing. A missing end
  ///   marker, or bytes after it, is no error.
  package init(decoding bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
    self = try EncodedImage(bytes, limits: limits).decoded()
  }
}

extension ImageError {
  /// - Returns: nil where the codec succeeded.
  fileprivate init?(
    _ status: cc_status, _ header: cc_image, _ format: ImageFormat, _ limits: ImageLimits, of bytes: [UInt8]
  ) {
    guard status != CC_OK else { return nil }
    let text = withUnsafeBytes(of: header.message) { raw in
      String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
    let reason = text.isEmpty ? "out of memory" : text
    switch status {
    case CC_TOO_LARGE:
      self = .tooLarge(width: Int(header.width), height: Int(header.height), limits: limits)
    case CC_EXHAUSTED: self = .unreasonable(format, reason: reason)
    case CC_UNSUPPORTED: self = .unsupportedVariant(format, reason: reason)
    case _ where UnsupportedContent.lacksLineEnds(bytes): self = .unsupported(.lineEndsChanged(format))
    case CC_TRUNCATED: self = .truncated(format, reason: reason)
    default: self = .corrupt(format, reason: reason)
    }
  }
}

extension WebPContainer {
  fileprivate func withBitstream<Answer>(
    of file: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Answer
  ) -> Answer {
    body(UnsafeBufferPointer(rebasing: file[bitstream]))
  }
}

extension cc_rows {
  /// - Parameter size: of the rows, which are all there and lie behind each other.
  fileprivate func withPixels(
    _ size: (width: Int, height: Int), _ body: (inout MutableSpan<UInt8>) throws(ImageError) -> Void
  ) -> Result<Void, ImageError> {
    var span = UnsafeMutableBufferPointer(start: pixels, count: size.width * size.height * 3).mutableSpan
    return Result { () throws(ImageError) in try body(&span) }
  }
}

extension cc_limits {
  fileprivate init(_ limits: ImageLimits) {
    self.init(
      width: UInt32(clamping: limits.side), height: UInt32(clamping: limits.side),
      pixels: UInt64(clamping: limits.pixels))
  }
}
