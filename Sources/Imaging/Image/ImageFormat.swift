/// The formats that are decoded.
package enum ImageFormat: String, Sendable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case webp = "WebP"
  case gif = "GIF"
  case bmp = "BMP"

  /// Suffixes of the files that are taken for images where a folder is searched.
  package static let fileSuffixes = ["bmp", "gif", "jpeg", "jpg", "png", "webp"]

  /// Whether a file has one of ``fileSuffixes``.
  package static func isFileName(_ name: String) -> Bool {
    let suffix = name.split(separator: ".").dropFirst().last
    return suffix.map { fileSuffixes.contains($0.lowercased()) } ?? false
  }

  /// Detects the format from the first bytes; file names and declared types are ignored.
  package init?(sniffing bytes: some Collection<UInt8>) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: Array("WEBP".utf8)) {
      self = .webp
    } else if bytes.starts(with: Array("GIF87a".utf8)) || bytes.starts(with: Array("GIF89a".utf8)) {
      self = .gif
    } else if bytes.starts(with: Array("BM".utf8)), bytes.count >= 18,
      bytes.dropFirst(6).prefix(4).allSatisfy({ $0 == 0 })
        || bytes.dropFirst(15).prefix(3).allSatisfy({ $0 == 0 })
    {
      // Two letters say little. The reserved field is zero (OS/2 puts a cursor's position there), and no header is as long
      // as 256 bytes.
      self = .bmp
    } else {
      return nil
    }
  }

  /// The names as a list in a sentence: "JPEG, PNG or WebP".
  package static let list: String = {
    let names = allCases.map(\.rawValue)
    return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
  }()
}

/// The formats that images are encoded in.
package enum OutputFormat: String, Sendable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
}
