import Foundation
import TestSupport

/// A file of Tests/Fixtures/Imaging; make.py there says who made it.
func fixture(_ name: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: SharedData.projectRoot.appending(path: "Tests/Fixtures/Imaging/\(name)")))
}

/// Width and height of every image there, upright.
func fixtureSizes() throws -> [String: [Int]] {
  try JSONDecoder().decode([String: [Int]].self, from: Data(fixture("sizes.json")))
}

/// The file of an image's pixels, `[height, width, 3]`.
func expectedPixels(of name: String) -> String {
  let parts = name.split(separator: ".")
  return ["gif", "bmp"].contains(parts[1]) ? "\(parts[0])-\(parts[1]).rgb" : "\(parts[0]).rgb"
}
