import PlatformC

/// An open folder. Its methods take names of entries, not paths. They never follow a symbolic link, even if another user has
/// put one into the folder.
final class OpenFolder: Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Opens the folder at `path`, which this user must own, or makes it for this user alone.
  static func make(at path: String) throws(KeepError) -> OpenFolder {
    // With a slash at the end, the system would follow a link.
    var path = path
    while path.count > 1, path.hasSuffix("/") || path.hasSuffix("/.") { path.removeLast() }
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system(path, code: errno) }
    var status = stat()
    guard lstat(path, &status) == 0 else { throw .system(path, code: errno) }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: break
    case S_IFLNK: throw .symbolicLink(path)
    default: throw .notFolder(path)
    }
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path, code: errno) }
    let folder = OpenFolder(descriptor)
    // Of the folder that is open now, not of what the path named before.
    guard fstat(descriptor, &status) == 0 else { throw .system(path, code: errno) }
    guard status.st_uid == geteuid() else { throw .notOwned(path) }
    // The superuser may write everywhere; the owner has still said that nobody should.
    guard status.st_mode & 0o700 == 0o700 else { throw .readOnly(path) }
    return folder
  }

  /// Opens the folder of this name in it, or makes it.
  func folder(_ name: String) throws(FileFault) -> OpenFolder {
    if mkdirat(descriptor, name, 0o700) != 0, errno != EEXIST { throw FileFault(name) }
    return try folder(existing: name)
  }

  /// Opens the folder of this name in it.
  func folder(existing name: String) throws(FileFault) -> OpenFolder {
    let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard inner >= 0 else { throw FileFault(name) }
    return OpenFolder(inner)
  }

  /// The names of all entries, unsorted.
  func names() throws(FileFault) -> [String] {
    // The stream takes a descriptor of its own, with its own position.
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { throw FileFault(".") }
    guard let stream = fdopendir(copy) else {
      let fault = FileFault(".")
      close(copy)
      throw fault
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Whether there is an entry of any kind.
  func contains(_ name: String) -> Bool {
    var status = stat()
    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
  }

  /// Whether there is a regular file.
  func containsFile(_ name: String) -> Bool {
    var status = stat()
    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Removes a file or a link; one that is absent is no fault.
  func remove(_ name: String) throws(FileFault) {
    if unlinkat(descriptor, name, 0) != 0, errno != ENOENT { throw FileFault(name) }
  }

  /// Renames an entry; one of the new name is replaced, and a link is not followed.
  func rename(_ name: String, to newName: String) throws(FileFault) {
    guard renameat(descriptor, name, descriptor, newName) == 0 else { throw FileFault(newName) }
  }

  /// The content of a regular file of at most `limit` bytes.
  func contents(of name: String, limit: Int) throws(FileFault) -> [UInt8] {
    // A pipe would block the one who opens it.
    let file = OpenFile(openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), name)
    guard file.isOpen else { throw FileFault(name) }
    return try file.contents(limit: limit)
  }

  /// A new file.
  ///
  /// - Throws: if there is an entry of this name, also a link.
  func create(_ name: String) throws(FileFault) -> OpenFile {
    let file = OpenFile(
      openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600), name)
    guard file.isOpen else { throw FileFault(name) }
    return file
  }

  /// Replaces a file atomically with what `write` writes: after a crash it has the old or the new content.
  func replace(_ name: String, _ write: (OpenFile) throws(FileFault) -> Void) throws(FileFault) {
    let partial = name + OpenFolder.partialSuffix
    try remove(partial)
    do {
      let file = try create(partial)
      try write(file)
      try file.synchronize()
      try rename(partial, to: name)
    } catch {
      // Frees the space that may be what lacks. The fault is that of the write.
      try? remove(partial)
      throw error
    }
  }

  /// Of files that are being written.
  static let partialSuffix = ".partial"

  /// Opens a file to append to it.
  func openToAppend(_ name: String) throws(FileFault) -> OpenFile {
    let file = OpenFile(
      openat(descriptor, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), name)
    guard file.isOpen else { throw FileFault(name) }
    return file
  }

  /// Opens a file, made if absent, and locks it until it is closed.
  ///
  /// - Returns: `nil` if another process has locked it.
  func lock(_ name: String) throws(FileFault) -> OpenFile? {
    let file = OpenFile(openat(descriptor, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600), name)
    guard file.isOpen else { throw FileFault(name) }
    return try file.lock() ? file : nil
  }
}

/// An open file.
final class OpenFile: Sendable {
  private let descriptor: Int32
  private let name: String

  /// - Parameter descriptor: negative if it could not be opened.
  fileprivate init(_ descriptor: Int32, _ name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  deinit { if isOpen { close(descriptor) } }

  fileprivate var isOpen: Bool { descriptor >= 0 }

  func append(_ bytes: [UInt8]) throws(FileFault) {
    try bytes.withUnsafeBufferPointer { bytes throws(FileFault) in
      var rest = UnsafeRawBufferPointer(bytes)[...]
      while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
        let count = write(descriptor, base, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw FileFault(name, count < 0 ? errno : ENOSPC) }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Waits until the content is on the disk.
  func synchronize() throws(FileFault) {
    guard fsync(descriptor) == 0 else { throw FileFault(name) }
  }

  func truncate(to size: Int) throws(FileFault) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw FileFault(name) }
  }

  fileprivate func contents(limit: Int) throws(FileFault) -> [UInt8] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileFault(name) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileFault(name, EINVAL) }
    guard Int(status.st_size) <= limit else { throw FileFault(name, EFBIG) }
    let size = Int(status.st_size)
    var fault: FileFault?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      while filled < size, let base = buffer.baseAddress {
        let count = read(descriptor, base + filled, size - filled)
        if count < 0, errno == EINTR { continue }
        if count < 0 { fault = FileFault(name) }
        guard count > 0 else { return }
        filled += count
      }
    }
    if let fault { throw fault }
    return bytes
  }

  fileprivate func lock() throws(FileFault) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw FileFault(name) }
    return false
  }
}
