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
