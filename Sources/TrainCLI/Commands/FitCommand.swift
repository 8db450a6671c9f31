import ArgumentParser
import Engine
import Training
import YOLOX

struct FitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "Train a network from scratch or from given weights.",
    discussion: """
      yolox-train fit --data mine --weights yolox_nano.pth --output runs/mine
      yolox-train fit --data mine --weights yolox_nano.pth --output runs/mine --dry-run
      """)

  @OptionGroup(title: "Data") var data: DataOptions
  @OptionGroup(title: "Network") var network: NetworkOptions
  @OptionGroup(title: "Recipe") var recipe: RecipeOptions
  @OptionGroup(title: "Augmentation") var augmentation: AugmentationOptions

  @Option(help: "Folder for checkpoints and metrics.")
  var output: String

  @Flag(help: "Continue the run in --output, if there is one, with its own options.")
  var orResume = false

  @Flag(help: "Check data and weights, print the recipe, time one iteration and write nothing.")
  var dryRun = false

  @Option(help: "Number of threads. (default: the available processors)")
  var threads = availableProcessors()

  func validate() throws {
    guard threads > 0 else { throw ValidationError("--threads must be positive") }
  }

  func run() throws {
    if RunCheckpoint.exists(in: output), !dryRun {
      let run = try RunCheckpoint.latest(in: output, report: printLine)
      guard orResume else {
        throw TrainingError.runExists(
          folder: output, epochsDone: run.state.epochsDone, epochs: run.state.options.epochs)
      }
      return try resume(run, data: data, folder: output)
    }
    let weights = try network.weights.map { try PretrainedWeights.initial($0) }
    let variant = try network.variant(weights)
    try withProcessGroup { processes in
      let loaded = try data.load(
        segmentations: augmentation.copyPaste > 0, isQuiet: !processes.isMain)
      var options = recipe.options(variant, isFineTuning: weights != nil, threads: threads)
      try network.apply(to: &options, weights)
      augmentation.apply(to: &options, isFineTuning: weights != nil)
      options.evalInterval =
        recipe.evalInterval
        ?? TrainingOptions.evalInterval(validationImages: loaded.validation?.entries.count ?? 0)
      let report = processes.isMain ? printLine : { _ in }
      for line in StartSummary.lines(
        options: options, training: loaded.training, validation: loaded.validation)
      { report(line) }
      let trainer = try Trainer(
        options: options, training: loaded.training, validation: loaded.validation, weights: weights,
        folder: output, processes: processes, report: printLine)
      if dryRun {
        for line in try trainer.dryRun() { report(line) }
        return nil
      }
      if processes.isMain {
        try StartSummary.write(options: options, training: loaded.training, folder: output)
        try LabelSheet.write(loaded.training, to: output + "/labels.jpg")
        printLine("labels as they are trained on: \(output)/labels.jpg")
      }
      return try trainer.runUntilInterrupted()
    }
  }
}
