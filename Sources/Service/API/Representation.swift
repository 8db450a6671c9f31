import HTTPServer
import HTTPTypes

/// The media types of a detection response, chosen by the parameter `format` or by Accept (RFC 9110, section 12.5.1).
enum Representation: String, CaseIterable, Sendable {
  case json = "application/json"
  /// The image with boxes drawn.
  case jpeg = "image/jpeg"
  case png = "image/png"
  case csv = "text/csv"

  var isImage: Bool { self == .jpeg || self == .png }

  /// The values of the parameter `format`: the subtypes.
  static let formats = allCases.map(\.format)

  private var format: String { rawValue.split(separator: "/").last.map(String.init) ?? rawValue }

  init?(format: String) {
    let name = format.asciiLowercased
    guard
      let type = Representation.allCases.first(where: { $0.format == name || name == "jpg" && $0 == .jpeg })
    else { return nil }
    self = type
  }

  /// JSON if it is acceptable, unless CSV is named with a higher quality; else the type with the highest quality. `nil` if no
  /// type is acceptable.
  ///
  /// HTTP libraries and browsers send an Accept that prefers images (`image/gif, image/jpeg, *; q=.2`) whatever they ask
  /// for, so an image is only drawn for clients that accept no JSON.
  init?(accepting fields: HTTPFields) {
    let ranges = fields[values: .accept].joined(separator: ",").split(separator: ",").map(MediaRange.init)
    guard !ranges.isEmpty else {
      self = .json
      return
    }
    // The most specific range decides a type's quality.
    func quality(_ type: Representation) -> Double {
      ranges.filter { $0.matches(type) }.max { $0.specificity < $1.specificity }?.quality ?? 0
    }
    let namesCSV = ranges.contains { $0.range == Representation.csv.rawValue }
    if quality(.json) > 0, !(namesCSV && quality(.csv) > quality(.json)) {
      self = .json
      return
    }
    // Of types with the same quality the first case wins.
    let others = Representation.allCases.map { (type: $0, quality: quality($0)) }.filter { $0.quality > 0 }
    guard let best = others.map(\.quality).max(), let choice = others.first(where: { $0.quality == best })
    else { return nil }
    self = choice.type
  }

  /// One media range with its weight: `image/*;q=0.5`.
  private struct MediaRange {
    let range: String
    let quality: Double

    init(_ text: Substring) {
      let parts = text.split(separator: ";").map { $0.filter { !$0.isWhitespace }.asciiLowercased }
      // Java's default Accept has `*` for `*/*`.
      range = parts.first.map { $0 == "*" ? "*/*" : $0 } ?? ""
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
