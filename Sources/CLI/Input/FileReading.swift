import FoundationCompatibility
import PlatformC

/// A failed call of the system on a file.
struct FileSystemError: Error, CustomStringConvertible {
  let code: Int32

  init(_ code: Int32 = errno) { self.code = code }

  var description: String { systemErrorText(code) }
}

/// Reads a file, a pipe or, as `-`, standard input.
///
/// - Parameter limit: maximum bytes, because a pipe or a device may have no end.
func readBytes(_ path: String, limit: Int) throws -> [UInt8] {
  let descriptor = path == ImageFiles.standardInput ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileSystemError() }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 18)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw FileSystemError() }
    guard count > 0 else { return bytes }
    bytes += chunk[..<count]
    guard bytes.count <= limit else { throw CLIError("more than the maximum of \(limit) bytes") }
  }
}
