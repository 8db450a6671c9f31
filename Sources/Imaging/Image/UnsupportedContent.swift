/// What people send instead of an image that can be decoded: other formats, other files, and images that were damaged on
/// the way in a known manner.
package enum UnsupportedContent: Sendable, Equatable, CustomStringConvertible {
  /// An image, video, document or archive in a format that is not decoded here.
  case format(String)
  case htmlPage
  case xml
  case json
  case form
  case multipart
  case base64
  /// Bytes or an object that a program has printed instead of sending its content.
  case printed(String)
  case url
  case httpMessage
  case text
  case zeros
  /// CR and LF bytes are missing or were converted.
  case lineEndsChanged(ImageFormat)
  /// Bytes were decoded as text and encoded again, which changes those above 127.
  case transcoded(ImageFormat)
  /// An image with other bytes before it, such as a line end.
  case behindOtherBytes(ImageFormat, offset: Int)

  package var description: String {
    let send = "send the bytes of a \(ImageFormat.list) image"
    return switch self {
    case .format(let name): "this is \(name), which is not supported; \(send)"
    case .htmlPage: "this is an HTML page, not an image; is it the camera's login or error page?"
    case .xml: "this is XML, not an image; is it the camera's error message?"
    case .json: "this is JSON, not an image; \(send), or JSON with Content-Type application/json"
    case .form: "this is a URL-encoded form, not an image; \(send), or multipart/form-data"
    case .multipart:
      "this is a part of a multipart body or of an MJPEG stream, not an image; send its Content-Type with the boundary, or one image's bytes"
    case .base64: "this is base64 text, not an image; decode it first, or send it in JSON"
    case .printed(let name): "this is \(name), not an image; \(send)"
    case .url: "this is a URL, not an image; URLs are not fetched: \(send)"
    case .httpMessage:
      "this is a response with its status line and header fields, not an image; send its body alone"
    case .text: "this is text, not an image; \(send)"
    case .zeros: "all bytes are zero; \(send)"
    case .lineEndsChanged(let format):
      "a \(format.rawValue) whose line ends were removed or converted; send it as binary (curl: --data-binary @file, not -d @file)"
    case .transcoded(let format):
      "a \(format.rawValue) that was converted as if it were text; read and send the file as binary"
    case .behindOtherBytes(let format, let offset):
      "a \(format.rawValue) begins at byte \(offset); send it without the bytes before it"
    }
  }

  /// - Returns: nil for an intact start of a supported image, and for what has no name here.
  package init?(sniffing bytes: [UInt8]) {
    if let format = UnsupportedContent.damagedSignature(bytes) ?? UnsupportedContent.binary(bytes)
      ?? UnsupportedContent.textual(bytes) ?? UnsupportedContent.late(bytes)
    {
      self = format
    } else {
      return nil
    }
  }

  /// Whether an image that fails to decode was sent without its CR and LF bytes. Of a thousand random bytes, all lack
  /// both with a probability of 1 in 2,500; of larger files practically never.
  static func lacksLineEnds(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 1000 && !bytes.contains { $0 == 0x0A || $0 == 0x0D }
  }

  // MARK: Images damaged on the way

  private static func damagedSignature(_ bytes: [UInt8]) -> UnsupportedContent? {
    // PNG's signature has a CR LF, an EOF and an LF for this very purpose (PNG, 5.2). curl's -d removes zeros too.
    let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47]
    if bytes.starts(with: png) {
      let rest = bytes.dropFirst(4)
      if rest.starts(with: [0x1A]) || rest.starts(with: [0x0A, 0x1A]) || rest.starts(with: [0x0D, 0x1A])
        || rest.starts(with: [0x0D, 0x0A, 0x1A, 0x0D, 0x0A]) || rest.starts(with: [0x0D, 0x0D, 0x0A])
      {
        return .lineEndsChanged(.png)
      }
    }
    // A segment's length is below 256 without its first byte, a zero.
    if bytes.starts(with: [0xFF, 0xD8, 0xFF, 0xE0, 0x10, 0x4A, 0x46, 0x49, 0x46]) {
      return .lineEndsChanged(.jpeg)
    }
    // U+FFFD three times, or Latin-1 taken for Unicode, as UTF-8.
    let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
    if bytes.starts(with: replacement + Array("PNG".utf8))
      || bytes.starts(with: [0xC2, 0x89, 0x50, 0x4E, 0x47])
    {
      return .transcoded(.png)
    }
    if bytes.starts(with: replacement + replacement + replacement)
      || bytes.starts(with: [0xC3, 0xBF, 0xC3, 0x98, 0xC3, 0xBF])
    {
      return .transcoded(.jpeg)
    }
    return nil
  }

  /// Programs that take a body or a part apart by hand leave a line end, or a length, before the image.
  private static func late(_ bytes: [UInt8]) -> UnsupportedContent? {
    let head = bytes.prefix(64)
    guard ImageFormat(sniffing: bytes) == nil else { return nil }
    for offset in head.indices.dropFirst() {
      // Two letters and four zeros, as of a BMP, occur by chance.
      if let format = ImageFormat(sniffing: bytes[offset...]), format != .bmp {
        return .behindOtherBytes(format, offset: offset)
      }
    }
    return nil
  }

  // MARK: Other formats

  /// By the signatures that their specifications give, as registered in the list of `file` (magic).
  private static let signatures: [(bytes: [UInt8], name: String)] = [
    ([0x49, 0x49, 0x2A, 0x00], "a TIFF (or camera raw) image"),
    ([0x4D, 0x4D, 0x00, 0x2A], "a TIFF (or camera raw) image"),
    ([0x49, 0x49, 0x2B, 0x00], "a BigTIFF image"),
    ([0x4D, 0x4D, 0x00, 0x2B], "a BigTIFF image"),
    ([0xFF, 0x0A], "a JPEG XL image"),
    ([0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "a JPEG XL image"),
    ([0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20], "a JPEG 2000 image"),
    ([0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 image"),
    ([0x00, 0x00, 0x01, 0x00], "a Windows icon"),
    (Array("8BPS".utf8), "a Photoshop document"),
    (Array("qoif".utf8), "a QOI image"),
    ([0x76, 0x2F, 0x31, 0x01], "an OpenEXR image"),
    ([0x49, 0x49, 0xBC, 0x01], "a JPEG XR image"),
    (Array("FUJIFILMCCD-RAW".utf8), "a Fujifilm raw image"),
    (Array("%PDF".utf8), "a PDF document"),
    ([0x1F, 0x8B], "gzip data"),
    ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard data"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz data"),
    (Array("BZh".utf8), "bzip2 data"),
    ([0x04, 0x22, 0x4D, 0x18], "LZ4 data"),
    (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive"),
    (Array("Rar!".utf8), "a RAR archive"),
    (Array("version https://git-lfs".utf8), "a pointer of Git LFS"),
    ([0x7F, 0x45, 0x4C, 0x46], "a program"),
    ([0x1A, 0x45, 0xDF, 0xA3], "a Matroska or WebM video"),
    (Array("FLV\u{1}".utf8), "a Flash video"),
    ([0x00, 0x00, 0x01, 0xBA], "an MPEG video"),
    ([0x00, 0x00, 0x00, 0x01], "an H.264 or H.265 video stream"),
    (Array("OggS".utf8), "an Ogg file"),
    (Array("ID3".utf8), "an MP3 file"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array"),
    ([0x80, 0x02, 0x63], "a Python pickle"), ([0x80, 0x03], "a Python pickle"),
    ([0x80, 0x04, 0x95], "a Python pickle"), ([0x80, 0x05, 0x95], "a Python pickle"),
  ]

  private static func binary(_ bytes: [UInt8]) -> UnsupportedContent? {
    if let match = signatures.first(where: { bytes.starts(with: $0.bytes) }) { return .format(match.name) }
    if bytes.starts(with: Array("RIFF".utf8)) {
      if bytes.dropFirst(8).starts(with: Array("AVI ".utf8)) { return .format("an AVI video") }
      if bytes.dropFirst(8).starts(with: Array("WAVE".utf8)) { return .format("a WAV sound") }
    }
    // P1 to P7 and white space: Netpbm's formats.
    if bytes.count > 2, bytes[0] == UInt8(ascii: "P"),
      (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(bytes[1]),
      bytes[2].isBlank
    {
      return .format("a PBM, PGM or PPM image")
    }
    // Packets of 188 bytes, each of which begins with a G (ISO 13818-1, 2.4.3.2).
    if bytes.first == 0x47, bytes.count > 188, bytes[188] == 0x47, !bytes.starts(with: Array("GIF".utf8)) {
      return .format("an MPEG transport stream")
    }
    if bytes.dropFirst(257).starts(with: Array("ustar".utf8)) { return .format("a tar archive") }
    if bytes.count >= 12, bytes[4..<8].elementsEqual("ftyp".utf8) { return .format(isoMedia(bytes)) }
    if bytes.count >= 16, bytes.allSatisfy({ $0 == 0 }) { return .zeros }
    return nil
  }

  /// ISO 14496-12, 4.3: the major brand, then a version, then the compatible brands, within the first box.
  private static func isoMedia(_ bytes: [UInt8]) -> String {
    let size = bytes[0..<4].reduce(0) { $0 << 8 | Int($1) }
    let end = min(max(size, 12), bytes.count, 128)
    let brands = stride(from: 8, through: end - 4, by: 4).filter { $0 != 12 }
      .map { String(decoding: bytes[$0..<$0 + 4], as: UTF8.self) }
    func has(_ names: String...) -> Bool { brands.contains { names.contains($0) } }
    if has("avif", "avis") { return "an AVIF image" }
    if has("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1") { return "an HEIC image" }
    if has("crx ") { return "a Canon raw image" }
    return has("qt  ") ? "a QuickTime video" : "an MP4 video"
  }

  // MARK: Text

  private static func textual(_ bytes: [UInt8]) -> UnsupportedContent? {
    if bytes.starts(with: Array("--".utf8)),
      bytes.prefix(512).map(\.lowercased).firstRange(of: Array("\ncontent-".utf8)) != nil
    {
      return .multipart
    }
    if ["HTTP/1.", "RTSP/1."].contains(where: { bytes.starts(with: $0.utf8) }) { return .httpMessage }
    guard let text = text(atStartOf: bytes) else { return nil }
    let trimmed = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    guard !trimmed.isEmpty else { return .text }
    let start = trimmed.prefix(64).lowercased()
    if let name = printedName(start) { return .printed(name) }
    if ["http://", "https://", "rtsp://", "file://"].contains(where: start.hasPrefix) { return .url }
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") || trimmed.lowercased().contains("<html")
    {
      return .htmlPage
    }
    if trimmed.lowercased().contains("<svg") { return .format("an SVG drawing") }
    if start.hasPrefix("<") { return .xml }
    if start.hasPrefix("{") || start.hasPrefix("[") { return .json }
    if start.hasPrefix("data:") || isBase64(trimmed) { return .base64 }
    return isForm(trimmed) ? .form : .text
  }

  /// What follows a first kilobyte of text does not change its kind. A character may be cut in two there.
  ///
  /// - Returns: nil for what is no text.
  private static func text(atStartOf bytes: [UInt8]) -> String? {
    let head = bytes.prefix(1024)
    let text: String
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
      let (low, high) = head[0] == 0xFF ? (0, 1) : (1, 0)
      let units = stride(from: 2, to: head.count - 1, by: 2).map {
        UInt16(head[$0 + low]) | UInt16(head[$0 + high]) << 8
      }
      text = String(decoding: units, as: UTF16.self)
    } else {
      text = String(decoding: head, as: UTF8.self)
    }
    let scalars = text.unicodeScalars
    guard !scalars.contains(where: { $0.value < 0x20 && !"\t\n\r\u{C}".unicodeScalars.contains($0) }),
      scalars.filter({ $0 == "\u{FFFD}" }).count <= 1
    else { return nil }
    return text
  }

  /// Bytes or objects in the notation of a language, as programs send them that convert what they have to text.
  private static func printedName(_ start: String) -> String? {
    if ["b'", "b\"", "bytearray(b", "<_io."].contains(where: start.hasPrefix) {
      return "a Python object as text"
    }
    if ["[object ", "undefined", "null"].contains(where: start.hasPrefix) {
      return "a JavaScript object as text"
    }
    // The beginnings of a JPEG, a PNG and a RIFF file.
    if ["ffd8ff", "89504e47", "52494646"].contains(where: start.hasPrefix) { return "hexadecimal text" }
    let numbers = start.filter { $0 != " " && $0 != "[" }
    if ["255,216,255,", "137,80,78,71,", "82,73,70,70,"].contains(where: numbers.hasPrefix) {
      return "a list of numbers"
    }
    return nil
  }

  private static func isBase64(_ text: Substring) -> Bool {
    let characters = text.utf8.filter { !$0.isBlank }
    return characters.count >= 16 && characters.allSatisfy { $0.isBase64 }
  }

  /// `name=value`, with names as clients write them.
  private static func isForm(_ text: Substring) -> Bool {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return false }
    return text[..<equals].utf8.count <= 64
      && !text.contains { $0.isWhitespace && $0 != "\n" && $0 != "\r\n" }
  }
}

extension UInt8 {
  fileprivate var lowercased: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }

  fileprivate var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

  /// Of either alphabet, or padding (RFC 4648).
  fileprivate var isBase64: Bool {
    switch self {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "-"),
      UInt8(ascii: "_"), UInt8(ascii: "="):
      true
    default: false
    }
  }
}
