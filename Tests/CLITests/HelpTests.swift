import ArgumentParser
import CLI
import Testing

@Suite("help texts of yolox")
struct HelpTests {
  /// `yolox` and all of its subcommands.
  private static func commands(
    below command: any ParsableCommand.Type = Yolox.self
  ) -> [any ParsableCommand.Type] {
    [command] + command.configuration.subcommands.flatMap { commands(below: $0) }
  }

  private static let texts = commands().flatMap { command in
    [command.configuration.abstract] + OptionDescription.all(of: command).map(\.help)
  }

  @Test("every command and option has one: a sentence of at most 80 characters", arguments: texts)
  func isOneLine(text: String) {
    #expect(text.first?.isUppercase == true)
    #expect(text.hasSuffix(".") && text.count <= 80 && !text.contains("\n"))
  }

  @Test("an option is a flag in all commands or in none")
  func flagsAreFlagsEverywhere() {
    var kinds: [String: Set<Bool>] = [:]
    for option in Self.commands().flatMap({ OptionDescription.all(of: $0) }) {
      kinds[option.name, default: []].insert(option.isFlag)
    }
    #expect(kinds.filter { $0.value.count > 1 }.isEmpty)
  }
}
