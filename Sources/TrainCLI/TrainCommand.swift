import ArgumentParser
import Training

@main
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "yolox-train", abstract: "Trains YOLOX networks.",
    subcommands: [
      FitCommand.self, ResumeCommand.self, PreviewCommand.self, ExportCommand.self, ConvertCommand.self,
      ReportCommand.self, ShapesCommand.self, BenchCommand.self,
    ])

  /// Options may come from a file; see ``ConfigurationFile``.
  static func main() {
    do {
      let arguments = try ConfigurationFile.expand(Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      exit(withError: error)
    }
  }
}
