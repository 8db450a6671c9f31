import ArgumentParser
import COCO
import Checkpoints
import Engine
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Weights {
  struct Quantize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes weights that also run in int8.",
      discussion: """
        Runs the network over sample pictures to learn the range of each layer's numbers. A hundred pictures of the kind \
        that the network will see are enough.

        With --annotations the average precision of each precision is measured and stored, so that '--precision auto' \
        knows what int8 costs:

          yolox weights quantize --calibrate photos --annotations instances.json --annotated val \
        --weights yolox-s --output yolox-s-int8.safetensors
        """)

    @Option(help: "The folder of sample pictures.") var calibrate: String
    @Option(help: "The weights to read: a file, or the name of published ones.") var weights = "yolox-nano"
    @Option(help: "The .safetensors file to write.") var output: String
    @Option(help: "Input size, if not the weights' own.") var size: InputSize?
    @Option(help: "Use at most so many pictures, evenly spread over the folder.") var limit = 200
    @Option(help: "An instances JSON file to measure average precision with.") var annotations: String?
    @Option(help: "The folder with its pictures. Default: the one of sample pictures.") var annotated: String?
    @Option(help: "Storage of convolution weights: f32, f16 or bf16.") var dtype = "f32"
    @Option(help: "Threads. Default: all processors.") var threads: Int?

    func validate() throws {
      guard output.hasSuffix(".safetensors") else {
        throw ValidationError("the output must end in .safetensors")
      }
      guard ElementType.writable[dtype] != nil else { throw ValidationError("--dtype is f32, f16 or bf16") }
      guard limit > 0, (threads ?? 1) > 0 else { throw ValidationError("--limit and --threads start at 1") }
    }

    func run() async throws {
      let path = try WeightsLocation.path(of: weights)
      let pretrained: PretrainedWeights
      do { pretrained = try PretrainedWeights(contentsOf: path) } catch {
        throw CLIError("\(path): \(error)")
      }
      let pool = WorkerPool(threads: threads ?? availableProcessors())
      var calibration = Calibration(ranges: try ranges(pretrained, pool))
      if let annotations {
        calibration.averagePrecision = try measure(
          pretrained, calibration, Annotations(contentsOf: annotations), in: annotated ?? calibrate, pool)
      }
      try pretrained.write(
        to: output, calibration: calibration, inputSize: size,
        matrixType: ElementType.writable[dtype] ?? .float32)
      for precision in Precision.allCases {
        guard let ap = calibration.averagePrecision[precision] else { continue }
        print(
          "AP \(precision.rawValue.left(5))",
          ap.text(decimals: 4))
      }
      print("\(output): \(pretrained.architecture.modelName), ranges of \(calibration.ranges.count) layers")
    }

    private func ranges(_ weights: PretrainedWeights, _ pool: WorkerPool) throws -> ActivationRanges {
      let all = PictureFiles.expand([calibrate])
      guard !all.isEmpty else { throw CLIError("\(calibrate): no pictures there") }
      let count = min(all.count, limit)
      let paths = (0..<count).map { all[$0 * all.count / count] }
      let model = try Model(weights, inputSize: size)
      var progress = ProgressBar(label: "runs", total: 2 * count)
      defer { progress.finish() }
      return try weights.calibrated(pool: pool, imageCount: count, inputSize: size) { index, _ in
        defer { progress.advance() }
        do { return try model.prepare(PictureFiles.open(paths[index])).pixels } catch {
          throw CLIError("\(paths[index]): \(error)")
        }
      }
    }

    private func measure(
      _ weights: PretrainedWeights, _ calibration: Calibration, _ annotations: Annotations,
      in folder: String, _ pool: WorkerPool
    ) throws -> [Precision: Double] {
      var found: [Precision: Double] = [:]
      for precision in Precision.allCases {
        let model = try Model(
          weights, inputSize: size,
          options: PlanOptions(precision: precision, ranges: calibration.ranges))
        let rows = try model.results(for: annotations, in: folder, pool: pool)
        found[precision] = Evaluator(annotations: annotations, results: rows).summary().ap
      }
      return found
    }
  }
}
