import ArgumentParser
import Engine
import Imaging
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times a network in this process.",
    discussion: "Machines are noisy: compare medians of runs that took turns with the other program's.")

  @Option(
    help:
      "A network by its variant, with made-up weights: \(Variant.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var model: Variant?

  @Flag(help: "Say that --model's made-up weights are meant.")
  var randomWeights = false

  @Option(help: "A file of weights or the name of published ones, in place of --model.")
  var weights: String?

  @Option(help: "Input size: 640, or HEIGHTxWIDTH.")
  var size: InputSize?

  @Option(help: "Pictures in a run.")
  var batch = 1

  @Option(help: "Threads. Default: all processors.")
  var threads: Int?

  @Option(help: PrecisionOption.help)
  var precision = PrecisionOption.fixed(.float32)

  @Option(help: "Time the way from the bytes of this JPEG or PNG to boxes, in place of the network alone.")
  var picture: String?

  @Option(help: "With --picture: auto or off, as elsewhere.")
  var fastDecode = ScaledDecode.auto

  @Option(help: "Timed runs, after three that are not.")
  var runs = 30

  @Flag(help: "Time each layer.")
  var profile = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard batch > 0, runs > 0, (threads ?? 1) > 0 else {
      throw ValidationError("--batch, --runs and --threads start at 1")
    }
    if picture != nil, batch > 1 || profile {
      throw ValidationError("--picture times one picture at a time, and no layers")
    }
    if model != nil, weights != nil { throw ValidationError("either --model or --weights") }
    if model != nil, !randomWeights {
      throw ValidationError("--model has no weights of its own: add --random-weights, or use --weights")
    }
  }

  func run() async throws {
    let threads = threads ?? availableProcessors()
    let pool = WorkerPool(threads: threads)
    let loadStart = ContinuousClock.now
    var model = try loadingCompactly { try loadModel(pool) }
    model.fastDecode = fastDecode
    if let picture {
      let timing = try PictureTiming(of: PictureFiles.read(picture), by: model, threads: threads, runs: runs)
      print(json ? try timing.json : timing.description)
      return
    }
    let pixels = (0..<batch).map { BenchCommand.madeUpPicture(model.inputSize, seed: $0) }
    var executor = Executor(model.plan, capacity: batch, pool: pool)
    executor.run(pixels)
    let load = milliseconds(loadStart.duration(to: .now))
    for _ in 0..<2 { executor.run(pixels) }
    var times: [Double] = []
    for _ in 0..<runs {
      let start = ContinuousClock.now
      executor.run(pixels)
      times.append(milliseconds(start.duration(to: .now)))
    }
    times.sort()
    let report = BenchReport(
      model: model.name, input: "\(model.inputSize)", batch: batch, threads: threads,
      precision: model.plan.precision.rawValue, instructionSet: model.plan.instructionSet, runs: runs,
      medianMilliseconds: times[times.count / 2], fastestMilliseconds: times[0],
      firstResultMilliseconds: load,
      gigaflops: model.plan.operations * Double(batch) / times[times.count / 2] / 1e6,
      peakGigaflops: model.plan.measuredPeakGigaflops() * Double(threads),
      residentMegabytes: residentMegabytes())
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(report)
    }
    if profile { printProfile(executor.profile(pixels, runs: runs)) }
  }

  private func loadModel(_ pool: WorkerPool) throws -> Model {
    if let variant = model {
      guard case .fixed(let precision) = precision else {
        throw ValidationError("--precision auto needs weights that say what each precision costs")
      }
      var options = PlanOptions(precision: precision)
      if precision == .int8 {
        let graph = Graph.yolox(variant.architecture, classCount: 80)
        options.ranges = try BenchCommand.madeUpRanges(
          graph, graph.randomParameters(), size ?? variant.inputSize, pool)
      }
      return try Model.random(variant, inputSize: size, options: options)
    }
    let weights = try PretrainedWeights(contentsOf: WeightsLocation.path(of: weights ?? "yolox-nano"))
    var options = PlanOptions(precision: precision.resolved(for: weights) { printError("\($0)") })
    if options.precision == .int8, weights.calibration == nil {
      let graph = Graph.yolox(weights.architecture, classCount: weights.classCount)
      options.ranges = try BenchCommand.madeUpRanges(
        graph, weights.parameters, size ?? weights.inputSize, pool)
    }
    return try Model(weights, inputSize: size, options: options)
  }

  /// Ranges for weights without a calibration. Good enough for timing: int8 takes as long whatever the ranges are.
  private static func madeUpRanges(
    _ graph: Graph, _ parameters: Parameters, _ size: InputSize, _ pool: WorkerPool
  ) throws -> ActivationRanges {
    var calibrator = try Calibrator(
      graph, parameters: parameters, height: size.height, width: size.width, pool: pool)
    let picture = madeUpPicture(size, seed: 0)
    calibrator.observeMinMax(picture)
    calibrator.observeHistogram(picture)
    return calibrator.ranges
  }

  private static func madeUpPicture(_ size: InputSize, seed: Int) -> Tensor {
    Tensor(
      shape: [3, size.height, size.width],
      values: (0..<3 * size.height * size.width).map { Float(($0 &* 31 &+ seed) % 256) })
  }

  private func printProfile(_ layers: [LayerTiming]) {
    let total = layers.reduce(0) { $0 + $1.microseconds }
    print("\n      us     %   GFLOP/s      kB   GB/s  kernel       layer")
    for layer in layers.sorted(by: { $0.microseconds > $1.microseconds }) {
      let rate = layer.operations / layer.microseconds / 1e3
      print(
        layer.microseconds.text(decimals: 1).right(8),
        (100 * layer.microseconds / total).text(decimals: 1).right(5), rate.text(decimals: 1).right(9),
        (layer.bytes / 1e3).text(decimals: 0).right(7),
        (layer.bytes / layer.microseconds / 1e3).text(decimals: 1).right(6) + " ",
        layer.kernel.left(12), layer.path)
    }
  }
}

func milliseconds(_ duration: Duration) -> Double { duration.seconds * 1e3 }
