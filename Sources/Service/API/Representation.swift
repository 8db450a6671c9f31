import HTTPServer
import HTTPTypes

/// The media types of a detection response, negotiated by Accept (RFC 9110, section 12.5.1).
enum Representation: String, CaseIterable, Sendable {
  case json = "application/json"
  /// The image with boxes drawn.
  case jpeg = "image/jpeg"
  case png = "image/png"
  case csv = "text/csv"

  var isImage: Bool { self == .jpeg || self == .png }

  /// The type with the highest quality; JSON without Accept. `nil` if no type is acceptable.
  init?(accepting fields: HTTPFields) {
    let ranges = fields[values: .accept].joined(separator: ",").split(separator: ",").map(MediaRange.init)
    guard !ranges.isEmpty else {
      self = .json
      return
    }
    // The most specific range decides a type's quality. Of types with the same quality the first case wins.
    let qualities = Representation.allCases.map { type in
      (
        type: type,
        quality: ranges.filter { $0.matches(type) }.max { $0.specificity < $1.specificity }?.quality ?? 0
      )
    }
    guard let best = qualities.map(\.quality).max(), best > 0,
      let choice = qualities.first(where: { $0.quality == best })
    else { return nil }
    self = choice.type
  }

  /// One media range with its weight: `image/*;q=0.5`.
  private struct MediaRange {
    let range: String
    let quality: Double

    init(_ text: Substring) {
      let parts = text.split(separator: ";").map { $0.filter { !$0.isWhitespace }.asciiLowercased }
      range = parts.first ?? ""
      quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
    }

    var specificity: Int { range == "*/*" ? 0 : range.hasSuffix("/*") ? 1 : 2 }

    func matches(_ type: Representation) -> Bool {
      range == type.rawValue || range == "*/*"
        || (range.hasSuffix("/*") && type.rawValue.hasPrefix(range.dropLast()))
    }
  }
}

extension Problem {
  static let notAcceptable = Problem(
    "not-acceptable", "Not acceptable", .notAcceptable,
    "Accept allows none of \(Representation.allCases.map(\.rawValue).joined(separator: ", ")).")

  static let singleImageOnly = Problem(
    "not-acceptable", "Not acceptable", .notAcceptable,
    "The response to several images is application/json or text/csv only.")
}
