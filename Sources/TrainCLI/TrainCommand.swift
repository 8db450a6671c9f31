import ArgumentParser
import Foundation
import Training

@main
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "yolox-train", abstract: "Train YOLOX networks.",
    subcommands: [
      FitCommand.self, ResumeCommand.self, PreviewCommand.self, ExportCommand.self, ConvertCommand.self,
      ReportCommand.self, ScenesCommand.self, ShapesCommand.self, BenchCommand.self, GradientsCommand.self,
    ])

  /// Expands option files (``ArgumentFile``) before parsing.
  static func main() {
    // Exceeding `ulimit -f` then fails with EFBIG, like a full disk, instead of killing the process.
    signal(SIGXFSZ, SIG_IGN)
    do {
      let arguments = try ArgumentFile.expand(Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      exit(withError: error)
    }
  }
}
