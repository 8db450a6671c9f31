import PlatformC

/// The file of a Unix socket, recognized by its inode: a successor may have put another socket at the same path.
struct SocketFile {
  private let path: String
  private let device: dev_t
  private let inode: ino_t

  /// `nil` if there is no file.
  init?(_ path: String) {
    var information = stat()
    guard lstat(path, &information) == 0 else { return nil }
    self.path = path
    device = information.st_dev
    inode = information.st_ino
  }

  /// Removes the file unless another one has replaced it.
  func remove() {
    guard let current = SocketFile(path), current.device == device, current.inode == inode else { return }
    unlink(path)
  }
}
