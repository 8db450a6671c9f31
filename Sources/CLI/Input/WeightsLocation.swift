import WeightsStore
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Finds published weights on this machine.
enum WeightsLocation {
  static let folder = "weights"

  static func store() throws -> WeightsStore {
    let environment = ProcessInfo.processInfo.environment
    let folders = [folder, installed].compactMap(\.self)
    guard
      let directory = folders.first(where: { FileManager.default.fileExists(atPath: $0 + "/manifest.json") })
    else {
      throw CLIError(
        "no manifest.json in \(folders.joined(separator: " or ")); pass a file to --weights, or run from the checkout"
      )
    }
    return WeightsStore(
      directory: directory, manifest: try Manifest(contentsOf: directory + "/manifest.json"),
      localSources: [environment["YOLOX_WEIGHTS_DIR"], "../shared/weights"].compactMap(\.self))
  }

  /// PREFIX/share/swift-yolox/weights, where the command is PREFIX/bin/yolox.
  private static var installed: String? {
    #if os(Linux)
      let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #else
      let executable = Bundle.main.executablePath
    #endif
    return executable.map {
      URL(filePath: $0).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "share/swift-yolox/weights").path
    }
  }

  /// - Parameter weights: a file, or the name of published weights that `yolox weights fetch` has downloaded.
  static func path(of weights: String) throws -> String {
    let files = FileManager.default
    if files.fileExists(atPath: weights) { return weights }
    guard !weights.contains("/"), let store = try? store(),
      let model = try? store.manifest.model(named: weights)
    else {
      throw CLIError(
        "\(weights): neither a file nor the name of published weights; see 'yolox weights list'")
    }
    let folders = [store.directory] + store.localSources
    guard let path = folders.map({ "\($0)/\(model.file)" }).first(where: files.fileExists(atPath:)) else {
      throw CLIError("\(model.name) is not downloaded yet; run 'yolox weights fetch \(model.name)'")
    }
    return path
  }
}

extension PretrainedWeights {
  /// Reads a weights file; errors name it.
  static func read(_ path: String) throws(CLIError) -> PretrainedWeights {
    try CLIError.naming(path) { try PretrainedWeights(contentsOf: path) }
  }
}
