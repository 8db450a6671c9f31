import Foundation
import TestSupport

/// A file of Tests/Fixtures/Imaging; make.py there says who made it.
func fixture(_ name: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: SharedData.projectRoot.appending(path: "Tests/Fixtures/Imaging/\(name)")))
}

/// Width and height of every picture there, as whoever looks at it sees them.
func fixtureSizes() throws -> [String: [Int]] {
  try JSONDecoder().decode([String: [Int]].self, from: Data(fixture("sizes.json")))
}
