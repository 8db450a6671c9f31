import Foundation
import Imaging
import TestSupport
import Testing

@Suite("Colours of the page")
struct PageColorTests {
  @Test("classes have the same colours on the page as in images that the server draws")
  func palette() throws {
    let script = try String(
      contentsOf: SharedData.projectRoot.appending(path: "Sources/Service/Page/page-drawing.js"),
      encoding: .utf8)
    let list = try #require(script.firstMatch(of: /const palette = \(([^)]*)\)/)).output.1
    let colors = list.matches(of: /\b[0-9a-f]{6}\b/).map { UInt32($0.output, radix: 16) }
    #expect(colors == Palette.hex)
  }
}
