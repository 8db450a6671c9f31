/// Finds EXIF in an image file: a TIFF structure, in a place of each format's own.
enum Exif {
  /// - Returns: the TIFF structure, or nil where there is none or the file ends before it does.
  static func find(in bytes: [UInt8], format: ImageFormat) -> ArraySlice<UInt8>? {
    let content =
      switch format {
      case .jpeg: inJPEG(bytes)
      case .png: inPNG(bytes)
      case .webp: RIFFChunks(bytes, from: 12).first { $0.name == "EXIF" }?.content
      case .gif, .bmp: nil as ArraySlice<UInt8>?
      }
    // JPEG's header is there in some PNG and WebP files too.
    guard let content, content.starts(with: header) else { return content }
    return content.dropFirst(header.count)
  }

  private static let header = Array("Exif\0\0".utf8)

  /// Segments up to the first scan: FF, marker, length (including itself), content (T.81, B.1.1).
  private static func inJPEG(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 2
    while position + 4 <= bytes.count, bytes[position] == 0xFF {
      let marker = bytes[position + 1]
      if marker == 0xFF {
        position += 1
        continue
      }
      let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      guard marker != 0xDA, length >= 2, position + 2 + length <= bytes.count else { return nil }
      let content = bytes[(position + 4)..<(position + 2 + length)]
      if marker == 0xE1, content.starts(with: header) { return content }
      position += 2 + length
    }
    return nil
  }

  /// The `eXIf` chunk, before or after the image data (PNG, 11.3.4.4): length, name, content, checksum.
  private static func inPNG(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 8
    while position + 8 <= bytes.count {
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let start = position + 8
      guard start + length <= bytes.count else { return nil }
      if bytes[position + 4..<start].elementsEqual("eXIf".utf8) { return bytes[start..<start + length] }
      position = start + length + 4
    }
    return nil
  }
}
