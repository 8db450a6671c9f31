import ArgumentParser
import Foundation
import Training

@main
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "yolox-train", abstract: "Trains YOLOX networks.",
    subcommands: [
      FitCommand.self, ResumeCommand.self, PreviewCommand.self, ExportCommand.self, ConvertCommand.self,
      ReportCommand.self, ScenesCommand.self, ShapesCommand.self, BenchCommand.self, GradientsCommand.self,
    ])

  /// Options may come from a file; see ``ConfigurationFile``.
  static func main() {
    // Writing beyond the limit of `ulimit -f` is then a fault like a full disk, with a message, and no sudden end.
    signal(SIGXFSZ, SIG_IGN)
    do {
      let arguments = try ConfigurationFile.expand(Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      exit(withError: error)
    }
  }
}
