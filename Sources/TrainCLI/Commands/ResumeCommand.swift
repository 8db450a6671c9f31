import ArgumentParser
import Engine
import Training

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Continue a run from its last checkpoint.")

  @OptionGroup(title: "Data") var data: DataOptions

  @Option(help: "Folder of the run.")
  var output: String

  @Option(help: "New peak learning rate, for example after the loss diverged.")
  var learningRate: Double?

  @Option(help: "New total number of epochs.")
  var epochs: Int?

  @Flag(help: "Accept other images or annotations than the run was started with.")
  var newData = false

  func validate() throws {
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate must be positive")
    }
    if let epochs, epochs <= 0 { throw ValidationError("--epochs must be positive") }
  }

  func run() throws {
    var run = try RunCheckpoint.latest(in: output, report: printLine)
    if let epochs, epochs < run.state.epochsDone {
      throw ValidationError("--epochs \(epochs): the run has completed \(run.state.epochsDone) epochs")
    }
    if let epochs {
      run.state.options.epochs = epochs
      run.state.hasStoppedEarly = false
    }
    run.state.options.peakLearningRate = learningRate ?? run.state.options.peakLearningRate
    try resume(run, data: data, folder: output, allowsNewData: newData)
  }
}

func resume(
  _ run: (state: RunState, tensors: Parameters), data: DataOptions, folder: String,
  allowsNewData: Bool = false
) throws {
  let options = run.state.options
  try withProcessGroup { processes in
    let loaded = try data.load(segmentations: options.copyPaste > 0, isQuiet: !processes.isMain)
    let trainer = try Trainer(
      options: options, training: loaded.training, validation: loaded.validation, weights: nil,
      folder: folder, processes: processes, report: printLine)
    try trainer.resume(run.state, run.tensors, allowsNewData: allowsNewData)
    return try trainer.runUntilInterrupted()
  }
}
