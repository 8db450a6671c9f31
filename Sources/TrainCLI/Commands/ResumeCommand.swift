import ArgumentParser
import Engine
import Training

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Continue a run from its last checkpoint.")

  @OptionGroup var data: DataOptions

  @Option(help: "Folder of the run.")
  var output: String

  func run() throws {
    try resume(try RunCheckpoint.latest(in: output, report: printLine), data: data, folder: output)
  }
}

func resume(_ run: (state: RunState, tensors: Parameters), data: DataOptions, folder: String) throws {
  let options = run.state.options
  try withProcessGroup { processes in
    let trainer = try Trainer(
      options: options,
      training: try data.training(segmentations: options.copyPaste > 0, isQuiet: !processes.isMain),
      validation: try data.validation(isQuiet: !processes.isMain), weights: nil, folder: folder,
      processes: processes,
      report: printLine)
    try trainer.resume(run.state, run.tensors)
    return try trainer.runUntilInterrupted()
  }
}
