/// The format of an image that the service draws.
public enum ImageFormat: String, Hashable, Sendable, CaseIterable {
  case jpeg
  case png

  /// The first bytes of a file.
  var signature: [UInt8] { self == .jpeg ? [0xFF, 0xD8, 0xFF] : [0x89, 0x50, 0x4E, 0x47] }
}
