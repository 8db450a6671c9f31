import Engine
import Imaging
import Service
import YOLOX

#if canImport(Darwin)
  import Darwin
#endif

extension BenchReport {
  /// Times runs of the network alone.
  ///
  /// - Parameter start: when loading of the weights began; the first result is counted from there.
  static func measure(
    _ input: [Tensor], _ model: Model, with executor: inout Executor, threads: Int, runs: Int,
    since start: ContinuousClock.Instant
  ) -> BenchReport {
    executor.run(input)
    let firstResult = start.duration(to: .now).milliseconds
    for _ in 0..<2 { executor.run(input) }
    var times: [Double] = []
    for _ in 0..<runs {
      let start = ContinuousClock.now
      executor.run(input)
      times.append(start.duration(to: .now).milliseconds)
    }
    times.sort()
    let median = times[times.count / 2]
    return BenchReport(
      model: model.name, input: "\(model.inputSize)", batch: input.count, threads: threads,
      precision: model.plan.precision.rawValue, instructionSet: model.plan.instructionSet, runs: runs,
      medianMilliseconds: median, fastestMilliseconds: times[0], firstResultMilliseconds: firstResult,
      gigaflops: model.plan.operations * Double(input.count) / median / 1e6,
      peakGigaflops: model.plan.measuredPeakGigaflops() * Double(threads),
      residentMegabytes: processResidentMegabytes())
  }
}

extension ImageBenchReport {
  /// Times all stages from the bytes of a file to boxes, one image at a time.
  static func measure(
    _ bytes: [UInt8], _ model: Model, threads: Int, runs: Int
  ) throws -> ImageBenchReport {
    var predictor = Predictor(model, pool: WorkerPool(threads: threads))
    var totals: [Double] = []
    var stages: [[Double]] = [[], [], [], []]
    var image = try EncodedImage(bytes, limits: ImageFiles.limits)
    var detections = 0
    for run in 0..<runs + 3 {
      let start = ContinuousClock.now
      image = try EncodedImage(bytes, limits: ImageFiles.limits)
      let prepared = try model.prepare(image)
      let outcome = predictor.detect([(prepared, DetectionOptions())])[0]
      let total = start.duration(to: .now)
      detections = outcome.detections.count
      guard run >= 3 else { continue }
      totals.append(total.milliseconds)
      let durations = [prepared.decoding, prepared.letterboxing, outcome.inference, outcome.postprocess]
      for (stage, duration) in durations.enumerated() { stages[stage].append(duration.milliseconds) }
    }
    func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
    return ImageBenchReport(
      model: model.name, width: image.width, height: image.height, threads: threads, runs: runs,
      detections: detections, medianMilliseconds: median(totals), fastestMilliseconds: totals.min() ?? 0,
      decode: median(stages[0]), letterbox: median(stages[1]), inference: median(stages[2]),
      postprocess: median(stages[3]))
  }
}

extension Tensor {
  /// A deterministic input `[3, height, width]` with values 0...255.
  static func syntheticImage(_ size: InputSize, seed: Int) -> Tensor {
    Tensor(
      shape: [3, size.height, size.width],
      values: (0..<3 * size.height * size.width).map { Float(($0 &* 31 &+ seed) % 256) })
  }
}

extension ActivationRanges {
  /// Ranges for weights without a calibration. They suffice for timing: int8 runs take the same time with any ranges.
  static func synthetic(
    _ graph: Graph, _ parameters: Parameters, _ size: InputSize, _ pool: WorkerPool
  ) throws -> ActivationRanges {
    var calibrator = try Calibrator(
      graph, parameters: parameters, height: size.height, width: size.width, pool: pool)
    let image = Tensor.syntheticImage(size, seed: 0)
    calibrator.observeMinMax(image)
    calibrator.observeHistogram(image)
    return calibrator.ranges
  }
}

extension Duration {
  fileprivate var milliseconds: Double { seconds * 1e3 }
}

/// Resident memory of this process in MiB.
private func processResidentMegabytes() -> Double {
  #if os(Linux)
    ProcessUsage().map { Double($0.residentBytes) / 1_048_576 } ?? .nan
  #else
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
  #endif
}
