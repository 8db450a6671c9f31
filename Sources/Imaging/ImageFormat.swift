package enum ImageFormat: String, Sendable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"

  /// Told by the first bytes; what a file or a header calls itself is not asked.
  package init?(sniffing bytes: some Collection<UInt8>) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else {
      return nil
    }
  }
}

/// How large a picture may be. All but the bytes are checked against the header, before memory is taken.
package struct ImageLimits: Sendable, Equatable {
  package var bytes: Int
  package var width: Int
  package var height: Int
  package var pixels: Int

  package init(
    bytes: Int = 20 << 20, width: Int = 16384, height: Int = 16384, pixels: Int = 50_000_000
  ) {
    self.bytes = bytes
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}
