import CLI
import Foundation
import Testing

@Suite("The configuration reference")
struct ConfigurationReferenceTests {
  @Test("equals docs/configuration.md, which 'make docs' writes")
  func isUpToDate() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let written = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    #expect(written == ConfigurationReference.text)
  }
}
