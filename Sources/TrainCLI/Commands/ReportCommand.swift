import ArgumentParser
import Engine
import Training
import YOLOX

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write report.html of a run again, evaluated on the validation images of --data.")

  @OptionGroup var data: DataOptions

  @Option(name: .customLong("run"), help: "Folder of the run.")
  var folder: String

  @Option(help: "Weights to evaluate. (default: the run's best)")
  var weights: String?

  @Option(help: "Number of threads.")
  var threads = availableProcessors()

  func run() throws {
    try RunReport.write(
      folder: folder, options: try? RunCheckpoint.latest(in: folder).state.options,
      weights: try PretrainedWeights.read(weights ?? folder + "/best.safetensors"),
      validation: try data.validation(), pool: WorkerPool(threads: max(1, threads)))
    print(folder + "/report.html")
  }
}
