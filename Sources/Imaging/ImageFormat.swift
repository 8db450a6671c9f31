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

/// Why bytes did not become a picture.
package enum ImageError: Error, Equatable, CustomStringConvertible {
  case empty
  /// Neither JPEG nor PNG.
  case unknownFormat(firstBytes: [UInt8])
  case tooManyBytes(count: Int, limit: Int)
  case tooLarge(width: Int, height: Int, limits: ImageLimits)
  /// Not a whole picture of its format; `reason` is the decoder's.
  case corrupt(ImageFormat, reason: String)
  /// More memory or work than any sensible picture needs.
  case unreasonable(ImageFormat, reason: String)

  package var description: String {
    switch self {
    case .empty: "there are no bytes"
    case .unknownFormat(let bytes):
      "neither JPEG nor PNG (begins with \(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")))"
    case .tooManyBytes(let count, let limit): "\(count) bytes; at most \(limit) are taken"
    case .tooLarge(let width, let height, let limits):
      "\(width)x\(height) pixels; at most \(limits.width)x\(limits.height) and \(limits.pixels) in all are taken"
    case .corrupt(let format, let reason): "corrupt \(format.rawValue): \(reason)"
    case .unreasonable(let format, let reason): "unreasonable \(format.rawValue): \(reason)"
    }
  }
}
