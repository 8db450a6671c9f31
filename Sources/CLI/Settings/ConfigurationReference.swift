import ArgumentParser

/// docs/configuration.md, from the options themselves. `make docs` writes it, and a test compares.
package struct ConfigurationReference: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "configuration-reference", abstract: "Prints docs/configuration.md.", shouldDisplay: false)

  package init() {}

  package func run() { print(ConfigurationReference.text, terminator: "") }

  package static var text: String {
    var text = """
      # Configuration of `yolox serve`

      Every option can be given on the command line (`--max-batch 4`), in the environment (`YOLOX_MAX_BATCH=4`; lists with
      commas) or in a JSON file named by `--config` (`{"max-batch": 4}`; lists as lists). The command line beats the
      environment, which beats the file. `yolox serve --print-config` prints what would be used, as such a file. A wrong value
      stops the start with one line that names the option and where it came from.

      In Kubernetes, a service called `yolox` puts `YOLOX_PORT=tcp://…` into the environment of every container in its
      namespace; that value is passed over.

      `make docs` writes this file from the options themselves.

      """
    let options = OptionDescription.all(of: ServeCommand.self)
    let sections = options.reduce(into: [String]()) { known, option in
      if !known.contains(option.section) { known.append(option.section) }
    }
    for section in sections {
      text += "\n## \(section)\n\n| option | default | |\n| --- | --- | --- |\n"
      for option in options where option.section == section {
        text +=
          "| `--\(option.name)` | \(defaultText(option)) | \(option.help.replacing("|", with: "\\|")) |\n"
      }
    }
    return text
  }

  private static func defaultText(_ option: OptionDescription) -> String {
    if option.isFlag { return "off" }
    return option.defaultValue.map { "`\($0)`" } ?? ""
  }
}
