import PlatformC

func printLine(_ line: String) throws(CLIError) { try writeToStandardOutput(line + "\n") }

/// - Throws: ``CLIError`` if the text cannot be written, such as on a full disk; `print` would lose it in silence.
func writeToStandardOutput(_ text: String) throws(CLIError) {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { throw CLIError("standard output cannot be written: \(FileSystemError())") }
    rest = rest.dropFirst(count)
  }
}
