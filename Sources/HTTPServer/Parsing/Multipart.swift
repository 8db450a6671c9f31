import HTTPTypes

package enum MultipartError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The Content-Type is not multipart/form-data with a boundary that RFC 2046 allows.
  case noBoundary
  /// The body ends before its closing boundary, or contains no boundary.
  case truncated
  case malformedPart(index: Int, reason: String)
  /// A part without `Content-Disposition: form-data` and a name (RFC 7578, section 4.2).
  case unnamedPart(index: Int)
  case tooManyParts(limit: Int)
  case partFieldsTooLarge(index: Int, limit: Int)

  package var description: String {
    switch self {
    case .noBoundary: "the Content-Type is not multipart/form-data with a boundary"
    case .truncated: "the form ends before its closing boundary"
    case .malformedPart(let index, let reason): "part \(index + 1) has \(reason)"
    case .unnamedPart(let index): "part \(index + 1) has no Content-Disposition: form-data with a name"
    case .tooManyParts(let limit): "the form has more than \(limit) parts"
    case .partFieldsTooLarge(let index, let limit):
      "the header fields of part \(index + 1) exceed \(limit) bytes"
    }
  }
}

package struct MultipartLimits: Sendable {
  package var parts = 64
  /// Bytes of header fields in each part.
  package var fields = 4 << 10

  package init() {}
}

/// A field or file of a form.
package struct FormPart: Sendable, Equatable {
  package let name: String
  /// The client's name for a file. Untrusted: do not use it as a path.
  package let fileName: String?
  package let contentType: MediaType?
  /// A slice of the request's body, without a copy.
  package let body: ArraySlice<UInt8>

  /// A file input of a page in which no file was chosen.
  package var isEmptyInput: Bool { fileName == "" && body.isEmpty }
}

/// Parses a body of `multipart/form-data` (RFC 7578; RFC 2046, section 5.1.1) into its parts.
///
///     --boundary CRLF
///     Content-Disposition: form-data; name="image"; filename="dog.jpg" CRLF
///     CRLF
///     …octets… CRLF
///     --boundary-- CRLF
///
/// Programs of small devices end lines with LF alone. The line end of the first boundary is that of the whole form.
package struct MultipartParser: Sendable {
  /// Two hyphens and the boundary.
  private let boundary: [UInt8]
  private let limits: MultipartLimits

  package init(contentType: MediaType, limits: MultipartLimits = MultipartLimits()) throws(MultipartError) {
    guard contentType.name == "multipart/form-data", let boundary = contentType["boundary"],
      MultipartParser.isBoundary(boundary.utf8)
    else { throw .noBoundary }
    self.boundary = Array("--\(boundary)".utf8)
    self.limits = limits
  }

  package func parse(_ body: [UInt8]) throws(MultipartError) -> [FormPart] {
    var parts: [FormPart] = []
    // A line end belongs to the boundary after it, which may be without one at the start of the body.
    guard
      var position = body.starts(with: boundary)
        ? boundary.count : first([0x0A] + boundary, in: body[...])?.upperBound
    else { throw .truncated }
    let lineEnd: [UInt8] =
      body[position...].first { $0 != 0x20 && $0 != 0x09 } == 0x0A ? [0x0A] : [0x0D, 0x0A]
    while true {
      let rest = body[position...]
      if rest.starts(with: "--".utf8) { return parts }
      guard parts.count < limits.parts else { throw .tooManyParts(limit: limits.parts) }
      let padding = rest.prefix { $0 == 0x20 || $0 == 0x09 }
      let afterPadding = rest[padding.endIndex...]
      guard afterPadding.starts(with: lineEnd) else {
        throw afterPadding.count < 2
          ? .truncated : .malformedPart(index: parts.count, reason: "data after its boundary")
      }
      let (fields, start) = try fields(
        in: afterPadding.dropFirst(lineEnd.count), part: parts.count, mayLackCR: lineEnd.count == 1)
      // The boundary of an empty part shares the line end of its fields.
      guard let end = first(lineEnd + boundary, in: body[(start - lineEnd.count)...]) else {
        throw .truncated
      }
      parts.append(try part(fields, body[start..<max(start, end.lowerBound)], index: parts.count))
      position = end.upperBound
    }
  }

  private func part(
    _ fields: HTTPFields, _ body: ArraySlice<UInt8>, index: Int
  ) throws(MultipartError) -> FormPart {
    guard let disposition = fields[.contentDisposition].flatMap(FormDisposition.init) else {
      throw .unnamedPart(index: index)
    }
    // RFC 7578, section 4.7: transfer encodings are deprecated, and only the ones that do nothing are supported.
    if let encoding = fields[.contentTransferEncoding]?.asciiLowercased {
      guard ["7bit", "8bit", "binary"].contains(encoding) else {
        throw .malformedPart(index: index, reason: "a Content-Transfer-Encoding that is not binary")
      }
    }
    return FormPart(
      name: disposition.name, fileName: disposition.fileName,
      contentType: fields[.contentType].flatMap(MediaType.init), body: body)
  }

  /// The header fields up to the empty line, and the index after it.
  private func fields(
    in bytes: ArraySlice<UInt8>, part index: Int, mayLackCR: Bool
  ) throws(MultipartError) -> (HTTPFields, start: Int) {
    var fields = HTTPFields()
    var rest = bytes
    // A line may be folded, as mail programs do: the next one then begins with a blank.
    var unfolded: [UInt8] = []
    let limit = limits.fields
    while true {
      guard let feed = rest.prefix(limit).firstIndex(of: 0x0A), feed - bytes.startIndex < limit else {
        throw rest.count > limit ? .partFieldsTooLarge(index: index, limit: limit) : .truncated
      }
      let hasCR = feed > rest.startIndex && rest[feed - 1] == 0x0D
      guard hasCR || mayLackCR else {
        throw .malformedPart(index: index, reason: MalformedRequest.bareLineFeed.description)
      }
      let line = rest[..<(hasCR ? feed - 1 : feed)]
      rest = rest[(feed + 1)...]
      if !unfolded.isEmpty, line.first == 0x20 || line.first == 0x09 {
        unfolded += line
        continue
      }
      if !unfolded.isEmpty {
        do { fields.append(try HTTPField(line: unfolded[...])) } catch {
          throw .malformedPart(index: index, reason: error.description)
        }
      }
      if line.isEmpty { return (fields, rest.startIndex) }
      unfolded = Array(line)
    }
  }

  /// Where `delimiter` begins and ends.
  private func first(_ delimiter: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    var from = bytes.startIndex
    while let found = bytes[from...].firstIndex(of: delimiter[0]) {
      if bytes[found...].starts(with: delimiter) { return found..<(found + delimiter.count) }
      from = found + 1
    }
    return nil
  }

  /// RFC 2046, section 5.1.1: 1 to 70 of these characters, not ending in a space.
  private static func isBoundary(_ text: String.UTF8View) -> Bool {
    (1...70).contains(text.count) && text.last != 0x20
      && text.allSatisfy { byte in
        isAlphanumeric(byte) || "'()+_,-./:=? ".utf8.contains(byte)
      }
  }
}

extension HTTPField.Name {
  fileprivate static let contentTransferEncoding = HTTPField.Name("Content-Transfer-Encoding")!  // a token
}
