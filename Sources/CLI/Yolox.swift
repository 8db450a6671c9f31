import ArgumentParser
import Engine
import FoundationCompatibility
import PlatformC

@main
package struct Yolox: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "yolox",
    abstract: "Detect objects in images with YOLOX on the CPU.",
    discussion: """
      yolox serve                         start an HTTP service on port 8080
      yolox detect photo.jpg              detect objects in a file
      yolox detect 'cam/*.jpg' --output marked --classes person,dog
      yolox labels                        list the classes
      yolox weights fetch yolox-s         download a larger network

      Shell completions: yolox --generate-completion-script bash|zsh|fish
      """,
    version: Version.current,
    subcommands: [
      ServeCommand.self, HealthCommand.self, DetectCommand.self, EvalCommand.self, BenchCommand.self,
      LabelsCommand.self, WeightsCommand.self, ConfigurationReferenceCommand.self,
    ])

  package init() {}

  /// The commands that also take options from a file and the environment.
  private static let configurable: [any ParsableCommand.Type] = [ServeCommand.self, HealthCommand.self]

  package static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.first == ServeCommand._commandName {
      // The service keeps running when nothing reads its standard streams any more. Other commands end with the reader of
      // a pipe, as usual.
      signal(SIGPIPE, SIG_IGN)
      // Until the service listens for it, a request to reload has nothing to reload.
      signal(SIGHUP, SIG_IGN)
    }
    do { try await execute(arguments) } catch {
      guard exitCode(for: error) == .success else { exit(withError: error) }
      // Help and completion scripts.
      do { try printLine(fullMessage(for: error)) } catch { exit(withError: error) }
    }
  }

  /// Parses and runs one command line.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - instructionSet: `YOLOX_ISA`.
  package static func execute(
    _ arguments: [String], instructionSet: String? = InstructionSet.requested
  ) async throws {
    guard let type = configurable.first(where: { $0._commandName == arguments.first }) else {
      return try await run(try await asyncParseAsRoot(arguments), instructionSet: instructionSet)
    }
    let arguments = Array(arguments.dropFirst())
    let options = OptionDescription.all(of: type)
    let sources = try OptionSources(
      options: options, arguments: arguments, environment: ProcessInfo.processInfo.environment)
    let command = try parse(type, sources, arguments)
    if type == ServeCommand.self {
      let unknown = UnknownVariables(options: options, environment: ProcessInfo.processInfo.environment)
      for warning in unknown.warnings { printWarning(warning) }
    }
    if let serve = command as? ServeCommand, serve.printConfig {
      return try printLine(ConfigDump(options: options, sources: sources, arguments: arguments).text)
    }
    try await run(command, instructionSet: instructionSet)
  }

  private static func run(_ command: any ParsableCommand, instructionSet: String?) async throws {
    // Checked here, so that a misspelt YOLOX_ISA is an error in commands that plan no network too. The parser's own command
    // prints help.
    if type(of: command)._commandName != "help" { _ = try InstructionSet.selected(instructionSet) }
    var command = command
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }

  private static func parse(
    _ type: any ParsableCommand.Type, _ sources: OptionSources, _ arguments: [String]
  ) throws -> any ParsableCommand {
    do { return try parseAsRoot([type._commandName] + sources.arguments + arguments) } catch {
      let code = exitCode(for: error)
      // The parser reports a request for help as an error too.
      guard code != .success else { throw error }
      // One line without the usage, because it goes to the log of a service manager.
      let text = message(for: error)
      printError("Error: \(sources.origin(of: text).map { "\($0): " } ?? "")\(text)")
      throw code
    }
  }
}
