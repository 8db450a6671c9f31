import Foundation
import Testing

/// Reference data that is not in the repository: COCO's weights and photographs, and what was computed from them.
///
/// It lies in `../shared` beside the checkout, or in `.test-data`, where `make test-data` puts what can be downloaded. Tests
/// that need it say so with ``Testing/Trait/sharedData(_:)`` and are skipped without it; all others need nothing from outside.
package enum SharedData {
  package static let projectRoot = URL(filePath: #filePath)
    .deletingLastPathComponent()  // TestSupport
    .deletingLastPathComponent()  // Tests
    .deletingLastPathComponent()

  /// The first of the folders that exists; YOLOX_TEST_DATA names another.
  package static let root: URL = {
    if let folder = ProcessInfo.processInfo.environment["YOLOX_TEST_DATA"] { return URL(filePath: folder) }
    let folders = [
      projectRoot.deletingLastPathComponent().appending(path: "shared"),
      projectRoot.appending(path: ".test-data"),
    ]
    return folders.first { FileManager.default.fileExists(atPath: $0.path) } ?? folders[0]
  }()

  /// Whether all these files and folders are there.
  package static func has(_ paths: [String]) -> Bool {
    paths.allSatisfy { FileManager.default.fileExists(atPath: url($0).path) }
  }

  package static func url(_ path: String) -> URL { root.appending(path: path) }

  package static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(path))) }
}

extension Trait where Self == ConditionTrait {
  /// The test needs these files of ``SharedData``; without them it is skipped, and the reason names them.
  package static func sharedData(_ paths: String...) -> Self {
    .enabled(if: SharedData.has(paths), "needs \(paths.joined(separator: ", "))")
  }
}
