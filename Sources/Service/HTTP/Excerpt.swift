extension StringProtocol {
  /// For messages about text of a client: cut, and without control characters, so that neither a response nor a log line
  /// repeats megabytes or a forged line.
  package var excerpt: String {
    let maxCount = 60
    var text = String.UnicodeScalarView()
    for (index, scalar) in unicodeScalars.enumerated() {
      guard index < maxCount else { return String(text) + "…" }
      let isControl = scalar.properties.generalCategory == .control
      text.append(isControl ? "\u{FFFD}" : scalar)
    }
    return String(text)
  }
}
