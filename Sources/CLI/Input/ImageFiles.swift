import FoundationCompatibility
import Imaging
import PlatformC

/// Image files named on the command line.
enum ImageFiles {
  /// Expands folders to the images in them and patterns to the files that match, both sorted by name.
  static func expand(_ arguments: [String]) -> [String] {
    arguments.flatMap { argument -> [String] in
      if let names = try? FileManager.default.contentsOfDirectory(atPath: argument) {
        return names.filter(ImageFormat.isFileName).sorted().map { argument + "/" + $0 }
      }
      if FileManager.default.fileExists(atPath: argument) { return [argument] }
      guard argument.contains(where: { "*?[".contains($0) }) else { return [argument] }
      return matches(argument)
    }
  }

  static let limits = ImageLimits(bytes: 200 << 20)

  static func open(_ path: String) throws -> EncodedImage { try EncodedImage(read(path), limits: limits) }

  static func read(_ path: String) throws(CLIError) -> [UInt8] {
    guard let bytes = try? Data(contentsOf: URL(filePath: path)) else {
      throw CLIError("cannot be read; check that the file exists and its permissions")
    }
    return [UInt8](bytes)
  }

  /// COCO's files are named after the image id.
  static func imageID(of path: String) -> Int? {
    Int(URL(filePath: path).deletingPathExtension().lastPathComponent)
  }

  private static func matches(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
  }
}
