import FoundationCompatibility
import PlatformC

/// A file that is replaced atomically: written under its name with ".partial" appended, and renamed by ``finish()`` once its
/// content is on the disk. A link stays, and the file behind it is replaced; a device or a pipe is written directly. Without
/// ``finish()`` (full disk, killed process, power loss) the old content stays.
package struct AtomicFile: ~Copyable {
  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  /// No regular file, so there is nothing to replace.
  private let isDirect: Bool
  private var isFinished = false

  package init(for path: String) throws(CheckpointError) {
    var status = stat()
    isDirect = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    self.path = AtomicFile.resolved(path)
    partialPath = isDirect ? path : self.path + ".partial"
    descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(path: path, reason: AtomicFile.lastSystemError) }
  }

  deinit {
    close(descriptor)
    if !isFinished, !isDirect { unlink(partialPath) }
  }

  package func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    var rest = bytes[...]
    while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      let count = write(descriptor, base, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .unwritable(path: path, reason: AtomicFile.lastSystemError) }
      rest = rest.dropFirst(count)
    }
  }

  package func append(_ bytes: [UInt8]) throws(CheckpointError) {
    try bytes.withUnsafeBufferPointer { bytes throws(CheckpointError) in
      try append(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Waits until the content is on the disk, then renames the file.
  package mutating func finish() throws(CheckpointError) {
    if isDirect { return isFinished = true }
    guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else {
      throw .unwritable(path: path, reason: AtomicFile.lastSystemError)
    }
    isFinished = true
  }

  /// Atomically replaces the content of the file at `path`.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(CheckpointError) {
    var file = try AtomicFile(for: path)
    try file.append(bytes)
    try file.finish()
  }

  /// The file behind a link, whether it exists or not; the path itself if it is no link.
  private static func resolved(_ path: String) -> String {
    var path = path
    // The maximum of Linux (path_resolution(7)).
    for _ in 0..<40 {
      if let resolved = realpath(path, nil) {
        defer { free(resolved) }
        return String(cString: resolved)
      }
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return path }
      let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
      path = target.hasPrefix("/") ? target : folder + target
    }
    return path
  }

  private static var lastSystemError: String { String(cString: strerror(errno)) }
}
