import Foundation

/// A file of Tests/Fixtures. Each folder there has the script that makes its files.
package enum Fixture {
  package static func url(_ path: String) -> URL {
    SharedData.projectRoot.appending(path: "Tests/Fixtures").appending(path: path)
  }

  package static func data(_ path: String) throws -> Data { try Data(contentsOf: url(path)) }
}
