import PlatformC

/// A file that is replaced atomically: written under its name with ".partial" appended, and renamed by ``finish()`` once its
/// content is on the disk. Without ``finish()`` (full disk, killed process, power loss) the old content stays.
package struct AtomicFile: ~Copyable {
  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  private var isFinished = false

  package init(for path: String) throws(CheckpointError) {
    self.path = path
    partialPath = path + ".partial"
    descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(path: path, reason: AtomicFile.lastSystemError) }
  }

  deinit {
    close(descriptor)
    if !isFinished { unlink(partialPath) }
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

  private static var lastSystemError: String { String(cString: strerror(errno)) }
}
