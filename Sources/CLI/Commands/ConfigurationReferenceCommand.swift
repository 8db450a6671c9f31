import ArgumentParser

struct ConfigurationReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "configuration-reference", abstract: "Print docs/configuration.md.", shouldDisplay: false)

  func run() throws {
    try writeToStandardOutput(ConfigurationReference(OptionDescription.all(of: ServeCommand.self)).text)
  }
}
