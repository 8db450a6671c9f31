import Checkpoints
import FoundationCompatibility
import Imaging
import PlatformC
import YOLOX

/// The folder of `--output`. Copies keep the sub-folders of their images. No image is overwritten, and other files only if
/// the user says so.
struct DrawingFolder {
  private let targets: [String: String]

  /// Checks all targets before the first is written.
  ///
  /// - Parameter images: their paths, and those below the folder that all share.
  init(
    _ folder: String, for images: [(path: String, relativePath: String)], overwriting: Bool
  ) throws(CLIError) {
    let sources = Dictionary(
      images.compactMap { image in FileIdentity(image.path).map { ($0, image.path) } },
      uniquingKeysWith: { first, _ in first })
    var targets: [String: String] = [:]
    var owners: [String: String] = [:]
    for (path, relativePath) in images {
      let target = folder + "/" + DrawingFolder.name(relativePath)
      if let other = owners.updateValue(path, forKey: target) {
        throw CLIError("--output: \(other) and \(path) would both become \(target)")
      }
      if let identity = FileIdentity(target) {
        if let source = sources[identity] {
          throw CLIError("--output: \(target) would overwrite the image \(source); name another folder")
        }
        guard overwriting else {
          throw CLIError("--output: \(target) exists; name another folder, or add --overwrite")
        }
      }
      targets[path] = target
    }
    self.targets = targets
  }

  func draw(_ detections: [Detection], on image: Image, labels: [String], of path: String) throws {
    guard let target = targets[path] else { return }
    var drawn = image
    drawn.draw(detections, labels: labels)
    let folder = URL(filePath: target).deletingLastPathComponent().path
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw CLIError("\(folder): the folder cannot be made; check the path and its permissions")
    }
    try AtomicFile.replace(target, with: drawn.encoded(as: target.hasSuffix(".png") ? .png : .jpeg))
  }

  /// Copies are PNG or JPEG; the suffix says which.
  private static func name(_ path: String) -> String {
    switch URL(filePath: path).pathExtension.lowercased() {
    case "jpg", "jpeg": path
    case "png": path.hasSuffix(".png") ? path : path + ".png"
    default: path + ".jpg"
    }
  }
}

/// A file, whatever names it has.
private struct FileIdentity: Hashable {
  let device: UInt64
  let inode: UInt64

  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
  }
}
