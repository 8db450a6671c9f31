import ArgumentParser
import FoundationCompatibility

/// An option of a command, from the argument parser's description for shells and manuals.
package struct OptionDescription: Sendable, Equatable {
  /// The name without leading hyphens: `max-batch-size`.
  package let name: String
  /// Takes no value.
  package let isFlag: Bool
  package let isRepeating: Bool
  package let defaultValue: String?
  /// The accepted values, if they can be listed.
  package let values: [String]
  package let help: String
  /// Further explanation below the help line.
  package let discussion: String?
  /// The section of the help that lists it.
  package let section: String

  /// `YOLOX_MAX_BATCH_SIZE`
  package var variable: String { "YOLOX_" + name.uppercased().replacing("-", with: "_") }

  /// The options that a file or the environment can set: all but positional ones and those that replace the run.
  package static func all(of command: any ParsableCommand.Type) -> [OptionDescription] {
    guard let tool = try? JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8)) else {
      return []
    }
    return tool.command.arguments.compactMap { argument in
      guard let name = argument.preferredName, name.kind == "long", argument.kind != "positional",
        !["help", "version", "print-config"].contains(name.name)
      else { return nil }
      return OptionDescription(
        name: name.name, isFlag: argument.kind == "flag", isRepeating: argument.isRepeating,
        defaultValue: argument.defaultValue, values: argument.allValues ?? [],
        help: argument.abstract ?? "", discussion: argument.discussion,
        section: argument.sectionTitle ?? "Other")
    }
  }

  /// The members of the parser's description that are used here (ArgumentParserToolInfo, ToolInfoV0).
  private struct Tool: Decodable {
    struct Command: Decodable { let arguments: [Argument] }
    struct Argument: Decodable {
      struct Name: Decodable {
        let kind: String
        let name: String
      }
      let kind: String
      let isRepeating: Bool
      let preferredName: Name?
      let defaultValue: String?
      let allValues: [String]?
      let abstract: String?
      let discussion: String?
      let sectionTitle: String?
    }
    let command: Command
  }
}
