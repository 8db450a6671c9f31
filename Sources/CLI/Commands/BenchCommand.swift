import ArgumentParser
import Engine
import Imaging
import YOLOX

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time a network in this process.",
    discussion: "To compare two programs on a noisy machine, alternate their runs and compare the medians.")

  @Option(help: "Network variant with random weights; needs --random-weights.")
  var variant: Variant?

  @Flag(help: "Confirm that --variant has random weights.")
  var randomWeights = false

  @Option(help: "Weights file or name, instead of --variant. Default: yolox-nano.", completion: .weights)
  var weights: String?

  @Option(help: "Input size, a multiple of 32: 640 or HEIGHTxWIDTH. Default: from the weights.")
  var size: InputSize?

  @Option(help: "Images per run.")
  var batchSize = 1

  @OptionGroup var threading: ThreadOptions

  @Option(help: PrecisionOption.help)
  var precision = PrecisionOption.fixed(.float32)

  @Option(help: "Image file to time from bytes to boxes, instead of the network alone.", completion: .file())
  var image: String?

  @Option(help: InputShape.help)
  var inputShape = InputShape.square

  @Option(help: ScaledDecode.help)
  var scaledDecode = ScaledDecode.auto

  @Option(help: "Timed runs, after three warm-up runs.")
  var runs = 30

  @Flag(help: "Print the time of each layer.")
  var profile = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    try requirePositive([("--batch-size", batchSize), ("--runs", runs)])
    if image != nil, batchSize > 1 || profile {
      throw ValidationError("--image cannot be combined with --batch-size or --profile")
    }
    if inputShape == .fit, image == nil {
      throw ValidationError("--input-shape fit needs --image; --size sets the size of other inputs")
    }
    if variant != nil, weights != nil {
      throw ValidationError("--variant and --weights cannot be combined; use one of them")
    }
    if variant != nil, !randomWeights {
      throw ValidationError("--variant has no trained weights; add --random-weights, or use --weights")
    }
  }

  func run() async throws {
    let pool = WorkerPool(threads: threading.count)
    let start = ContinuousClock.now
    var model = try trimmingAllocator { try loadModel(pool) }
    model.scaledDecode = scaledDecode
    model.inputShape = inputShape
    if let image {
      let bytes = try CLIError.naming(image) { try ImageFiles.read(image) }
      let report = try CLIError.naming(image) {
        try ImageBenchReport.measure(bytes, model, threads: threading.count, runs: runs)
      }
      return try printLine(json ? report.json : report.description)
    }
    let input = (0..<batchSize).map { Tensor.syntheticImage(model.inputSize, seed: $0) }
    var executor = Executor(model.plan, capacity: batchSize, pool: pool)
    let report = BenchReport.measure(
      input, model, with: &executor, threads: threading.count, runs: runs, since: start)
    try printLine(json ? report.json : report.description)
    if profile { try printLine(layerTable(executor.profile(input, runs: runs))) }
  }

  private func loadModel(_ pool: WorkerPool) throws -> Model {
    if let variant {
      guard case .fixed(let precision) = precision else {
        throw CLIError("--precision auto needs measured weights; use --weights, or name a precision")
      }
      var options = PlanOptions(precision: precision)
      if precision == .int8 {
        let graph = Graph.yolox(variant.architecture, classCount: 80)
        options.ranges = try ActivationRanges.synthetic(
          graph, graph.randomParameters(), size ?? variant.inputSize, pool)
      }
      return try Model.random(variant, inputSize: size, options: options)
    }
    let source = try WeightsSource(weights)
    if let note = source.note { printError("Warning: \(note)") }
    let weights = try source.read(source.completed()).weights
    var options = PlanOptions(precision: precision.resolved(for: weights) { printError("\($0)") })
    if options.precision == .int8, weights.calibration == nil {
      let graph = Graph.yolox(weights.architecture, classCount: weights.classCount)
      options.ranges = try ActivationRanges.synthetic(
        graph, weights.parameters, size ?? weights.inputSize, pool)
    }
    return try Model(weights, inputSize: size, options: options)
  }
}
