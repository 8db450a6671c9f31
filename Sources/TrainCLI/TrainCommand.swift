import ArgumentParser
import Foundation
import Training

@main
package struct TrainCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "yolox-train", abstract: "Train YOLOX networks on the CPU.",
    discussion: """
      yolox-train fit --data mine --weights yolox_nano.pth --output runs/mine
      yolox-train resume --data mine --output runs/mine
      yolox serve --weights runs/mine/best.safetensors
      """,
    version: Version.current,
    groupedSubcommands: [
      CommandGroup(name: "Training", subcommands: [FitCommand.self, ResumeCommand.self, ReportCommand.self]),
      CommandGroup(
        name: "Data",
        subcommands: [
          PreviewCommand.self, AuditCommand.self, ConvertCommand.self, ScenesCommand.self, ShapesCommand.self,
        ]),
      CommandGroup(
        name: "Weights and measurements",
        subcommands: [ExportCommand.self, BenchCommand.self, GradientsCommand.self]),
    ])

  package init() {}

  /// Expands option files (``ArgumentFile``) before parsing.
  package static func main() {
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
