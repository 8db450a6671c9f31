import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An option of a command, as the argument parser describes it to shells and manuals.
package struct OptionDescription: Sendable, Equatable {
  /// As on the command line, without hyphens: `max-batch`.
  package let name: String
  /// Has no value: it is there or not.
  package let isFlag: Bool
  package let isRepeating: Bool
  package let defaultValue: String?
  package let help: String
  /// Under which the help lists it.
  package let section: String

  /// `YOLOX_MAX_BATCH`
  package var variable: String { "YOLOX_" + name.uppercased().replacing("-", with: "_") }

  /// Those that can be set in a file or the environment: all but those that ask for something else than to run.
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
        defaultValue: argument.defaultValue, help: argument.abstract ?? "",
        section: argument.sectionTitle ?? "Other")
    }
  }

  /// The part of the parser's description that is of interest (ArgumentParserToolInfo, ToolInfoV0).
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
      let abstract: String?
      let sectionTitle: String?
    }
    let command: Command
  }
}
