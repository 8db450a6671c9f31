import FoundationCompatibility
import PlatformC

/// Reads files whose size is checked before any of them is in memory.
enum FileContents {
  /// Bytes of a file. YOLOX-X with its optimizer's state has 1.2 GB.
  static let limit = 4 << 30

  /// - Parameter path: of a regular file, or of a link to one: pipes and devices have no size, and may have no end.
  static func read(_ path: String, limit: Int = FileContents.limit) throws(CheckpointError) -> [UInt8] {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .unreadable(path: path, reason: systemErrorReason(errno) ?? "cannot be read")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .unreadable(path: path, reason: "is a folder")
    default: throw .unreadable(path: path, reason: "not a regular file")
    }
    guard status.st_size <= limit else {
      throw .unreadable(
        path: path, reason: "\(status.st_size) bytes; weights of a YOLOX network have at most \(limit)")
    }
    do { return [UInt8](try Data(contentsOf: URL(filePath: path))) } catch {
      throw .unreadable(path: path, reason: fileErrorReason(error))
    }
  }
}
