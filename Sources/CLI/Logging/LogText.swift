import HTTPServer

/// Makes untrusted text safe for a log: one line, of bounded length, without anything that a terminal or an editor obeys.
enum LogText {
  static let maxValueBytes = 256
  static let maxMessageBytes = 1024

  /// Cuts `text` and replaces characters that could forge a line or move the cursor.
  static func sanitized(_ text: String, limit: Int) -> String {
    let cut = text.truncated(toUTF8: limit)
    guard cut.unicodeScalars.contains(where: isUnsafe) else { return cut }
    var result = ""
    for scalar in cut.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where isUnsafe(scalar): result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A value of a `key=value` line, in quotation marks where it would otherwise not be one word.
  static func word(_ text: String) -> String {
    let text = sanitized(text, limit: maxValueBytes)
    let isWord =
      !text.isEmpty && text.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" && $0 != "\\" }
    guard !isWord else { return text }
    return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// Control characters, line and paragraph separators, and characters that change the direction of writing.
  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate: true
    default: false
    }
  }
}
