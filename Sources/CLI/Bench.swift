import ArgumentParser
import Engine
import Imaging
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct Bench: AsyncParsableCommand {
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

  @Option(help: "fp32, or bf16: dense convolutions multiply bfloat16, sums stay float32.")
  var precision = Precision.float32

  @Option(help: "Time the way from the bytes of this JPEG or PNG to boxes, in place of the network alone.")
  var picture: String?

  @Option(help: "With --picture: auto or off, as elsewhere.")
  var fastDecode = FastDecode.auto

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
    let options = PlanOptions(precision: precision)
    let loadStart = ContinuousClock.now
    var model =
      if let variant = self.model {
        try Model.random(variant, inputSize: size, options: options)
      } else {
        try Model(
          PretrainedWeights(contentsOf: WeightsLocation.path(of: weights ?? "yolox-nano")), inputSize: size,
          options: options)
      }
    model.fastDecode = fastDecode
    let load = milliseconds(loadStart.duration(to: .now))
    if let picture {
      let timing = try PictureTiming(of: PictureFiles.read(picture), by: model, threads: threads, runs: runs)
      print(json ? try timing.json : timing.description)
      return
    }
    let pixels = (0..<batch).map { image in
      Tensor(
        shape: [3, model.inputSize.height, model.inputSize.width],
        values: (0..<3 * model.inputSize.height * model.inputSize.width).map {
          Float(($0 &* 31 &+ image) % 256)
        })
    }
    var executor = Executor(model.plan, capacity: batch, pool: WorkerPool(threads: threads))
    for _ in 0..<3 { executor.run(pixels) }
    var times: [Double] = []
    for _ in 0..<runs {
      let start = ContinuousClock.now
      executor.run(pixels)
      times.append(milliseconds(start.duration(to: .now)))
    }
    times.sort()
    let report = Report(
      model: model.name, input: "\(model.inputSize)", batch: batch, threads: threads,
      instructionSet: model.plan.instructionSet, runs: runs, medianMilliseconds: times[times.count / 2],
      fastestMilliseconds: times[0], loadMilliseconds: load,
      gigaflops: model.plan.operations * Double(batch) / times[times.count / 2] / 1e6)
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(report)
    }
    if profile { printProfile(executor.profile(pixels, runs: runs)) }
  }

  private func printProfile(_ layers: [LayerTiming]) {
    let total = layers.reduce(0) { $0 + $1.microseconds }
    print("\n      us     %   GFLOP/s  kernel       layer")
    for layer in layers.sorted(by: { $0.microseconds > $1.microseconds }) {
      let rate = layer.operations / layer.microseconds / 1e3
      print(
        layer.microseconds.text(decimals: 1).right(8),
        (100 * layer.microseconds / total).text(decimals: 1).right(5), rate.text(decimals: 1).right(9) + " ",
        layer.kernel.left(12), layer.path)
    }
  }

  private struct Report: Encodable, CustomStringConvertible {
    let model: String
    let input: String
    let batch: Int
    let threads: Int
    let instructionSet: String
    let runs: Int
    let medianMilliseconds: Double
    let fastestMilliseconds: Double
    let loadMilliseconds: Double
    let gigaflops: Double

    var description: String {
      """
      \(model) \(input), batch \(batch), \(threads) threads, \(instructionSet): \
      median \(medianMilliseconds.text(decimals: 2)) ms, fastest \(fastestMilliseconds.text(decimals: 2)) ms \
      of \(runs) runs, \(gigaflops.text(decimals: 0)) GFLOP/s; loaded in \(loadMilliseconds.text(decimals: 0)) ms
      """
    }
  }
}

func milliseconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) / 1e15
}
