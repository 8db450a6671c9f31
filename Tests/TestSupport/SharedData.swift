import Foundation
import Testing

/// The reference data that lies beside the checkout, in `../shared`: real weights, COCO images, outputs of the
/// authors' code. It is never copied into the project.
///
/// Suites that need it say `.enabled(if: SharedData.isPresent, SharedData.missing)`. Once the folder is there, a
/// missing or damaged file in it is a failure, not a reason to skip.
package enum SharedData {
  package static let missing: Comment =
    "needs ../shared beside the checkout (real weights, COCO images, reference outputs)"

  package static let projectRoot = URL(filePath: #filePath)
    .deletingLastPathComponent()  // TestSupport
    .deletingLastPathComponent()  // Tests
    .deletingLastPathComponent()

  package static let root = projectRoot.deletingLastPathComponent().appending(path: "shared")

  package static var isPresent: Bool { FileManager.default.fileExists(atPath: root.path) }

  package static func url(_ path: String) -> URL { root.appending(path: path) }

  package static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(path))) }
}
