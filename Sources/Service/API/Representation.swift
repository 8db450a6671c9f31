import HTTPServer
import HTTPTypes

/// The forms in which a picture's detections are given, told by Accept (RFC 9110, section 12.5.1).
enum Representation: String, CaseIterable, Sendable {
  case json = "application/json"
  /// The picture with boxes drawn.
  case jpeg = "image/jpeg"
  case png = "image/png"
  case csv = "text/csv"

  var isPicture: Bool { self == .jpeg || self == .png }

  /// The one that the client likes best; JSON if it says nothing or takes anything. `nil` if it takes none of them.
  init?(accepting fields: HTTPFields) {
    let wishes = fields[values: .accept].joined(separator: ",").split(separator: ",").map(Wish.init)
    guard !wishes.isEmpty else {
      self = .json
      return
    }
    // Of equally liked ones the first here wins, of ranges the more exact says how much each is liked.
    let liked = Representation.allCases.map { form in
      (
        form: form,
        quality: wishes.filter { $0.covers(form) }.max { $0.exactness < $1.exactness }?.quality ?? 0
      )
    }
    guard let best = liked.map(\.quality).max(), best > 0,
      let choice = liked.first(where: { $0.quality == best })
    else { return nil }
    self = choice.form
  }

  /// One media range with its weight: `image/*;q=0.5`.
  private struct Wish {
    let range: String
    let quality: Double

    init(_ text: Substring) {
      let parts = text.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
      range = parts.first ?? ""
      quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
    }

    var exactness: Int { range == "*/*" ? 0 : range.hasSuffix("/*") ? 1 : 2 }

    func covers(_ form: Representation) -> Bool {
      range == form.rawValue || range == "*/*"
        || (range.hasSuffix("/*") && form.rawValue.hasPrefix(range.dropLast()))
    }
  }
}
