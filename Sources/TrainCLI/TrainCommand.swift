import ArgumentParser

@main
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "yolox-train", abstract: "Trains YOLOX networks.",
    subcommands: [FitCommand.self, ResumeCommand.self, PreviewCommand.self])
}
