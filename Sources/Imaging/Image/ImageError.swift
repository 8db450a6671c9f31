/// Why bytes did not become an image.
package enum ImageError: Error, Equatable, CustomStringConvertible {
  case empty
  /// Something else than an image that is decoded here, and what it is.
  case unsupported(UnsupportedContent)
  /// Nothing that has a name here.
  case unknownFormat(firstBytes: [UInt8])
  /// A valid variant of a format that its library does not decode, such as a JPEG of 12 bits.
  case unsupportedVariant(ImageFormat, reason: String)
  case tooManyBytes(count: Int, limit: Int)
  case tooLarge(width: Int, height: Int, limits: ImageLimits)
  /// The image data ends early; `reason` says where.
  case truncated(ImageFormat, reason: String)
  /// Breaks the rules of its format; `reason` is the decoder's.
  case corrupt(ImageFormat, reason: String)
  /// Needs more memory or work than an image of its size should.
  case unreasonable(ImageFormat, reason: String)

  /// The size exceeds what the format can hold, or there is no memory.
  case unencodable(OutputFormat, width: Int, height: Int)

  package var description: String {
    switch self {
    case .empty: "the image is empty: 0 bytes"
    case .unsupported(let content): content.description
    case .unknownFormat(let bytes):
      "not a \(ImageFormat.list) image; the first bytes are \(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " "))"
    case .unsupportedVariant(let format, let reason): "unsupported kind of \(format.rawValue): \(reason)"
    case .tooManyBytes(let count, let limit): "the image has \(count) bytes; the maximum is \(limit)"
    case .tooLarge(let width, let height, let limits):
      "the image has \(width)x\(height) pixels; the maximum is \(limits.pixels) in all and \(limits.side) a side"
    case .truncated(let format, let reason): "truncated \(format.rawValue): \(reason)"
    case .corrupt(let format, let reason): "corrupt \(format.rawValue): \(reason)"
    case .unreasonable(let format, let reason): "unreasonable \(format.rawValue): \(reason)"
    case .unencodable(let format, let width, let height):
      "an image of \(width)x\(height) pixels cannot be encoded as \(format.rawValue)"
    }
  }
}
