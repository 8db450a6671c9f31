import FoundationCompatibility

/// The images that arguments name, in their order, each once.
struct ImageArguments {
  private(set) var paths: [String] = []
  /// One for each argument that names no image.
  private(set) var problems: [CLIError] = []
  /// Absolute path of the folder that all images share, as components.
  private var root: [String]?

  init(_ arguments: [String]) {
    var known: Set<[String]> = []
    for argument in arguments {
      do throws(CLIError) {
        let found = try ImageFiles.find(argument)
        paths += found.filter { known.insert(ImageArguments.components($0)).inserted }
        guard argument != ImageFiles.standardInput else { continue }
        let folder = ImageArguments.folder(of: argument, found)
        root = root.map { zip($0, folder).prefix { $0 == $1 }.map(\.0) } ?? folder
      } catch {
        problems.append(error)
      }
    }
  }

  /// The path of an image below the folder that all images share: `monday/1.jpg`.
  func relativePath(of path: String) -> String {
    path == ImageFiles.standardInput
      ? "stdin.jpg" : ImageArguments.components(path).dropFirst(root?.count ?? 0).joined(separator: "/")
  }

  /// A folder itself, the folder of a file, or that of a pattern's part without wildcards.
  private static func folder(of argument: String, _ found: [String]) -> [String] {
    if found == [argument] { return components(argument).dropLast() }
    let fixed = argument.prefix { !"*?[".contains($0) }
    guard fixed.count < argument.count, !FileManager.default.fileExists(atPath: argument) else {
      return components(argument)
    }
    return components(fixed.lastIndex(of: "/").map { String(fixed[...$0]) } ?? ".")
  }

  /// Components of the absolute path, without `.` and `..`.
  private static func components(_ path: String) -> [String] {
    let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    return absolute.split(separator: "/").reduce(into: []) { parts, part in
      switch part {
      case ".": break
      case "..": _ = parts.popLast()
      default: parts.append(String(part))
      }
    }
  }
}
