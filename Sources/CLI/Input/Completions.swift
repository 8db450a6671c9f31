import ArgumentParser
import FoundationCompatibility
import PlatformC
import WeightsStore

extension CompletionKind {
  /// Names of published weights, and files and folders.
  static let weights = CompletionKind.custom { _, _, prefix in weightsCompletions(of: prefix) }
}

/// Names of published weights and paths of weights files that begin with `prefix`; folders end with a slash.
package func weightsCompletions(of prefix: String) -> [String] {
  let names = (try? WeightsLocation.manifest().models.map(\.name)) ?? []
  let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
  let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
  let paths = entries.sorted().compactMap { name -> String? in
    var status = stat()
    let path = folder + name
    guard stat(path, &status) == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFDIR { return path + "/" }
    return [".onnx", ".pth", ".safetensors"].contains(where: name.hasSuffix) ? path : nil
  }
  return (names + paths).filter { $0.hasPrefix(prefix) }
}
