import Foundation
import TestSupport

/// A file of Tests/Fixtures/Imaging; make.py there says who made it.
func fixture(_ name: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: SharedData.projectRoot.appending(path: "Tests/Fixtures/Imaging/\(name)")))
}
