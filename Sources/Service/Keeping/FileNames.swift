import Imaging

/// Names of files and folders from what clients and owners call things.
enum FileNames {
  /// Letters and digits of ASCII, `.`, `_` and `-`: no separator, no space, nothing that a shell or another system reads
  /// otherwise.
  static func isSafe(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  static func isSafe(_ name: String) -> Bool {
    name.utf8.allSatisfy(isSafe) && !name.isEmpty && !name.hasPrefix(".")
  }

  /// At most 64 bytes of `text`, with `_` in place of all that is not safe, and of a dot in front.
  static func safe(_ text: String) -> String {
    var bytes = text.utf8.prefix(64).map { isSafe($0) ? $0 : UInt8(ascii: "_") }
    if bytes.isEmpty || bytes[0] == UInt8(ascii: ".") { bytes = [UInt8(ascii: "_")] + bytes.dropFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// From the time, the request and a number that no other image of this process has. The extension is that of the bytes.
  static func image(_ bytes: [UInt8], at time: Timestamp, requestID: String, number: Int) -> String {
    let suffix =
      switch ImageFormat(sniffing: bytes) {
      case .jpeg: "jpg"
      case .png: "png"
      case .webp: "webp"
      case .gif: "gif"
      case .bmp: "bmp"
      case nil: "image"
      }
    return "\(time.fileNameText)-\(safe(requestID))-\(number).\(suffix)"
  }
}
