import FoundationCompatibility
import PlatformC
import WeightsStore
import YOLOX

/// Finds published weights on this machine.
enum WeightsLocation {
  /// Folders of weights, the first first; docs/configuration.md lists them.
  static let searchPath: [String] = {
    let environment = ProcessInfo.processInfo.environment
    return [environment["YOLOX_WEIGHTS_DIR"], checkout, data, system, installed, "/usr/share/yolox"]
      .compactMap(\.self).filter { !$0.isEmpty }
  }()

  /// The search path as help and errors show it.
  static let searchPathText =
    "$YOLOX_WEIGHTS_DIR, ./weights, $XDG_DATA_HOME/yolox, /var/lib/yolox, PREFIX/share/yolox, /usr/share/yolox"

  private static let checkout = "weights"
  private static let system = "/var/lib/yolox"

  /// The user's own folder. The XDG specification has the default.
  private static var data: String? {
    let environment = ProcessInfo.processInfo.environment
    let home = environment["HOME"].map { $0 + "/.local/share" }
    return (environment["XDG_DATA_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home).map { $0 + "/yolox" }
  }

  /// PREFIX/share/yolox, where the command is PREFIX/bin/yolox.
  private static var installed: String? {
    #if os(Linux)
      let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #else
      let executable = Bundle.main.executablePath
    #endif
    return executable.map {
      URL(filePath: $0).deletingLastPathComponent().deletingLastPathComponent().appending(path: "share/yolox")
        .path
    }
  }

  static func manifest() throws -> Manifest {
    let paths = searchPath.map { $0 + "/manifest.json" }
    guard let path = paths.first(where: FileManager.default.fileExists(atPath:)) else {
      throw CLIError(
        "no manifest.json in \(searchPathText); pass a file to --weights, or run from the checkout")
    }
    return try Manifest(contentsOf: path)
  }

  /// The manifest, which knows the names of published weights. A command outside of its package and checkout has none.
  private static func manifest(naming weights: String) throws -> Manifest {
    do {
      return try manifest()
    } catch {
      throw CLIError("\(weights): no such file; if it is the name of published weights: \(error)")
    }
  }

  /// - Parameter directory: where to put the file. Default: ./weights in a checkout, else /var/lib/yolox if it is writable,
  ///   else the user's own folder.
  static func store(_ directory: String?) throws -> WeightsStore {
    let files = FileManager.default
    let candidates: [String?] = [
      directory, files.fileExists(atPath: checkout) ? checkout : nil,
      files.isWritableFile(atPath: system) ? system : nil, data,
    ]
    guard let directory = candidates.lazy.compactMap(\.self).first else {
      throw CLIError("no folder for weights: HOME is not set; add --directory")
    }
    return WeightsStore(directory: directory, manifest: try manifest(), localSources: searchPath)
  }

  /// The file of published weights, if this machine has it.
  static func file(of model: Manifest.Model) -> String? {
    searchPath.map { "\($0)/\(model.file)" }.first(where: FileManager.default.fileExists(atPath:))
  }

  /// - Parameter weights: a file, or the name of published weights on this machine.
  static func path(of weights: String) throws -> String {
    if FileManager.default.fileExists(atPath: weights) {
      if access(weights, R_OK) != 0 {
        throw CLIError("\(weights): \(unreadableReason(weights, error: errno))")
      }
      return weights
    }
    if weights.hasPrefix("/"), access(weights, F_OK) != 0, errno == EACCES {
      throw CLIError("\(weights): \(unreadableReason(weights, error: EACCES))")
    }
    let manifest = weights.contains("/") ? nil : try manifest(naming: weights)
    guard let model = try? manifest?.model(named: weights) else {
      if let near = nearestName(to: weights, among: manifest?.models.map(\.name) ?? []) {
        throw CLIError("\(weights): neither a file nor the name of published weights; did you mean \(near)?")
      }
      throw CLIError(
        "\(weights): neither a file nor the name of published weights; see 'yolox weights list'")
    }
    guard let path = file(of: model) else {
      throw CLIError("\(model.name) is not downloaded yet; run 'yolox weights fetch \(model.name)'")
    }
    return path
  }
}

/// Why a weights file cannot be read, and what to do.
package func unreadableReason(_ path: String, error: Int32) -> String {
  guard error == EACCES else { return FileSystemError(error).description }
  if ["/home/", "/root/", "/run/user/"].contains(where: path.hasPrefix) {
    return "permission denied; a service has no access to home folders: move the file to /var/lib/yolox"
  }
  return
    "permission denied for user \(geteuid()); make the file readable for it ('chmod 0644 FILE'), and its folders ('chmod 0755')"
}

extension PretrainedWeights {
  /// Reads a weights file; errors name it.
  ///
  /// - Parameters:
  ///   - settings: override what the file's sidecar says, which overrides the file.
  ///   - notice: receives what was decided without being told.
  static func read(
    _ path: String, _ settings: ModelSettings = ModelSettings(), notice: (String) -> Void = printError
  ) throws(CLIError) -> PretrainedWeights {
    try read(path, exactly: settings.completed(by: try ModelSettings.sidecar(of: path)), notice: notice)
  }

  /// As ``read(_:_:notice:)``, with settings that the sidecar has completed already.
  static func read(
    _ path: String, exactly settings: ModelSettings, notice: (String) -> Void
  ) throws(CLIError) -> PretrainedWeights {
    let weights = try CLIError.naming(path) {
      try PretrainedWeights(
        contentsOf: path, activation: settings.activation,
        batchNormalizationEpsilon: settings.batchNormalizationEpsilon
      ).overriding(settings)
    }
    for text in weights.notices { notice("\(path): \(text)") }
    return weights
  }
}
