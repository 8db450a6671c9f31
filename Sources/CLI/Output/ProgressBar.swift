import PlatformC

/// A progress bar on standard error; prints nothing if that is not a terminal.
struct ProgressBar {
  private let label: String
  private let total: Int
  private var done = 0
  private let isShown = isatty(STDERR_FILENO) == 1

  init(label: String, total: Int) {
    self.label = label
    self.total = total
  }

  mutating func advance() { show(done + 1) }

  mutating func show(_ done: Int) {
    self.done = done
    guard isShown, total > 0 else { return }
    let width = 30
    let filled = min(width, done * width / total)
    let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
    writeToStandardError("\r[\(bar)] \(done)/\(total) \(label)")
  }

  /// Makes room for a line of text.
  func clear() {
    if isShown, total > 0 { writeToStandardError("\r\u{1B}[K") }
  }

  func finish() {
    if isShown { writeToStandardError("\n") }
  }
}
