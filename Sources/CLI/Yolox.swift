import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@main
struct Yolox: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "yolox",
    abstract: "Finds objects in pictures with YOLOX, on the CPU.",
    discussion: """
      yolox serve                         an HTTP service: POST a picture to /detect
      yolox detect photo.jpg              the same from the command line
      yolox detect 'cam/*.jpg' --output marked --classes person,dog
      yolox weights fetch yolox-s         bring a larger network

      Shell completions: yolox --generate-completion-script bash|zsh|fish
      """,
    version: version,
    subcommands: [
      ServeCommand.self, HealthCommand.self, DetectCommand.self, EvalCommand.self, BenchCommand.self,
      Weights.self, ConfigurationReference.self,
    ])

  static let version = "0.1.0"

  /// The service and its probe take their options from a file and the environment too.
  private static let configurable: [any ParsableCommand.Type] = [ServeCommand.self, HealthCommand.self]

  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let command = configurable.first(where: { $0._commandName == arguments.first }) else {
      return await main(arguments)
    }
    await run(command, Array(arguments.dropFirst()))
  }

  private static func run(_ type: any ParsableCommand.Type, _ arguments: [String]) async {
    let options = OptionDescription.all(of: type)
    let settings: OptionSources
    do {
      settings = try OptionSources(
        options: options, arguments: arguments, environment: ProcessInfo.processInfo.environment)
    } catch { exit(withError: CLIError("\(error)")) }
    var command: any ParsableCommand
    do { command = try parseAsRoot([type._commandName] + settings.arguments + arguments) } catch {
      // A request for help is an error too, to the parser.
      guard exitCode(for: error) != .success else { exit(withError: error) }
      // One line, not the usage: it ends up in the log of whatever manages services.
      let origin = settings.origin(of: message(for: error)).map { "\($0): " } ?? ""
      writeToStandardError("Error: \(origin)\(message(for: error))\n")
      exit(withError: exitCode(for: error))
    }
    do {
      if let serve = command as? ServeCommand, serve.printConfig {
        return print(ConfigDump(options: options, settings: settings, arguments: arguments).text)
      }
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch { exit(withError: error) }
  }
}
