import CLI
import Foundation
import Testing

@Suite("ConfigurationReference")
struct ConfigurationReferenceTests {
  @Test("docs/configuration.md matches the options; 'make docs' writes it")
  func isUpToDate() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let written = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    #expect(written == ConfigurationReference(OptionDescription.all(of: ServeCommand.self)).text)
  }
}
