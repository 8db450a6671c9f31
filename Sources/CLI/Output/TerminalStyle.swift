import FoundationCompatibility
import PlatformC

/// Colours of a terminal (ECMA-48, SGR), and nothing anywhere else.
package struct TerminalStyle: Sendable {
  package enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
  }

  private let hasColor: Bool

  /// - Parameter environment: a `NO_COLOR` that is not empty (no-color.org) and `TERM=dumb` turn colours off.
  package init(isTerminal: Bool, environment: [String: String]) {
    hasColor = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
  }

  private init(descriptor: Int32) {
    self.init(isTerminal: isatty(descriptor) == 1, environment: ProcessInfo.processInfo.environment)
  }

  static let standardOutput = TerminalStyle(descriptor: STDOUT_FILENO)
  static let standardError = TerminalStyle(descriptor: STDERR_FILENO)

  package func callAsFunction(_ style: Style, _ text: String) -> String {
    hasColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}
