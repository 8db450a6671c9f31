import FoundationCompatibility
import Imaging
import PlatformC

/// Image files named on the command line.
enum ImageFiles {
  /// The argument for standard input.
  static let standardInput = "-"

  static let limits = ImageLimits(bytes: 200 << 20)

  /// The files that an argument names: a file, the images in a folder, or the files that match a pattern; the latter two
  /// sorted by name.
  ///
  /// - Throws: ``CLIError`` if there is none.
  static func find(_ argument: String) throws(CLIError) -> [String] {
    if argument == standardInput { return [argument] }
    var status = stat()
    let exists = stat(argument, &status) == 0
    let reason = FileSystemError()
    if exists, status.st_mode & S_IFMT == S_IFDIR { return try images(inFolder: argument) }
    if exists { return [argument] }
    guard argument.contains(where: { "*?[".contains($0) }) else { throw CLIError("\(argument): \(reason)") }
    let found = matches(argument)
    guard !found.isEmpty else { throw CLIError("\(argument): no file matches this pattern") }
    return found
  }

  static func open(_ path: String) throws -> EncodedImage { try EncodedImage(read(path), limits: limits) }

  static func read(_ path: String) throws -> [UInt8] { try readBytes(path, limit: limits.bytes) }

  private static func images(inFolder folder: String) throws(CLIError) -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw CLIError("\(folder): the folder cannot be listed; check its permissions")
    }
    let images = names.filter(ImageFormat.isFileName)
    guard !images.isEmpty else {
      throw CLIError(
        "\(folder): no images (.\(ImageFormat.fileSuffixes.joined(separator: ", ."))) in this folder; "
          + "sub-folders are not searched, use a pattern: '\(folder)/*/*.jpg'")
    }
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    return images.sorted().map { prefix + $0 }
  }

  /// Folders that match are left out.
  private static func matches(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, GLOB_MARK, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
      .filter { !$0.hasSuffix("/") }
  }
}
