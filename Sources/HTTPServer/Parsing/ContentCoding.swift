import HTTPTypes

/// A coding of a body that the server decodes (RFC 9110, section 8.4.1).
package enum ContentCoding: String, Sendable {
  /// RFC 1952: one member or several.
  case gzip
  /// The zlib format (RFC 1950). Many clients send its content without the header and the checksum (RFC 1951).
  case deflate

  /// The value of Accept-Encoding in a response to another coding (RFC 9110, section 12.5.3).
  package static let accepted = "gzip, deflate"
  /// No client needs more than one. Each coding takes time and memory.
  static let maxCount = 4

  /// The codings that a Content-Encoding field names, in the order in which they were applied.
  package static func list(_ field: String) throws(ContentCodingError) -> [ContentCoding] {
    var codings: [ContentCoding] = []
    for element in field.utf8.split(separator: UInt8(ascii: ",")) {
      let name = Substring(element).trimmingBlanks
      switch name.asciiLowercased {
      case "", "identity": continue
      case "gzip", "x-gzip": codings.append(.gzip)
      case "deflate": codings.append(.deflate)
      default: throw .unsupported(String(name))
      }
      guard codings.count <= maxCount else { throw .tooMany(limit: maxCount) }
    }
    return codings
  }
}

/// Bounds what decoding yields.
package struct DecodingLimits: Sendable {
  /// Maximum size of the decoded body, in bytes.
  package var bytes: Int
  /// Maximum size of the decoded body as a multiple of the received one. Small bodies may expand to `freeBytes`: an image or
  /// a tensor of one colour shrinks to a thousandth, the most that the format can express.
  package var ratio = 100
  package var freeBytes = 8 << 20

  package init(bytes: Int) { self.bytes = bytes }
}

package enum ContentCodingError: Error, Equatable, Sendable, CustomStringConvertible {
  case unsupported(String)
  case tooMany(limit: Int)
  case truncated(ContentCoding)
  /// - Parameter reason: zlib's message.
  case corrupt(ContentCoding, reason: String)
  case trailingBytes(ContentCoding, count: Int)
  case tooLarge(limit: Int)
  case ratioTooLarge(limit: Int)
  /// The server has no memory for the decoded body at present.
  case noMemory

  package var description: String {
    switch self {
    case .unsupported(let name): "The content coding '\(name.truncated(toUTF8: 100))' is not supported."
    case .tooMany(let limit): "The body has more than \(limit) content codings."
    case .truncated(let coding): "The \(coding) data is truncated: it ends before its last block or checksum."
    case .corrupt(let coding, let reason): "The \(coding) data is corrupt: \(reason)."
    case .trailingBytes(let coding, let count): "\(count) bytes follow the end of the \(coding) data."
    case .tooLarge(let limit): "The decoded body exceeds \(limit) bytes."
    case .ratioTooLarge(let limit): "The decoded body exceeds \(limit) times the size of the received one."
    case .noMemory: "The server has no memory for the decoded body at present."
    }
  }
}

extension Request {
  /// The request with its body decoded and without the Content-Encoding field. Decoding takes time in proportion to the
  /// result: call it on a worker.
  ///
  /// - Throws: if the body is not what the field says, or too large once decoded.
  package func decodingBody(_ limits: DecodingLimits) throws(ContentCodingError) -> Request {
    guard let codings = try contentCodings, !codings.isEmpty else { return self }
    // Memory is counted beside the received body, for the input and the output of one coding at a time.
    let (encodedCount, reserve) = (body.count, reserveMemory)
    let denseLimit = max(
      limits.freeBytes, encodedCount.multipliedReportingOverflow(by: limits.ratio).partialValue)
    var (decoded, intermediateCount) = (body, 0)
    for coding in codings.reversed() {
      let inputCount = encodedCount + intermediateCount
      decoded = try coding.decode(decoded) { count throws(ContentCodingError) in
        guard count <= limits.bytes else { throw .tooLarge(limit: limits.bytes) }
        guard count <= denseLimit else { throw .ratioTooLarge(limit: limits.ratio) }
        guard reserve(inputCount + count) else { throw .noMemory }
      }
      intermediateCount = decoded.count
    }
    return replacingBody(decoded)
  }

  /// The codings of the body; `nil` if it has none. An empty body has nothing to decode.
  private var contentCodings: [ContentCoding]? {
    get throws(ContentCodingError) {
      guard let field = fields[.contentEncoding] else { return nil }
      let codings = try ContentCoding.list(field)
      return body.isEmpty ? nil : codings
    }
  }

  /// Whether ``decodingBody(_:)`` has something to do.
  package var hasContentEncoding: Bool { fields[.contentEncoding] != nil }
}
