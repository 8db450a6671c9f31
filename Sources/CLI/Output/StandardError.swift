import PlatformC

func printError(_ line: String) { writeToStandardError(line + "\n") }

func printWarning(_ text: String) {
  printError(TerminalStyle.standardError(.yellow, "Warning:") + " " + text)
}

func writeToStandardError(_ text: String) {
  var text = text
  // A failed write is ignored: there is no other place to report it.
  _ = text.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
