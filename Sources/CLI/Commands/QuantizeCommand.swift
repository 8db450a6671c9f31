import ArgumentParser
import COCO
import Checkpoints
import Engine
import FoundationCompatibility
import YOLOX

extension WeightsCommand {
  struct Quantize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Calibrate weights for int8.",
      discussion: """
        Runs the network over sample images to measure the range of each channel. A hundred images that resemble those in \
        production are enough.

        With --annotations the average precision of each precision is measured and stored, for '--precision auto':

          yolox weights quantize --calibration-images photos --annotations instances.json --images val --weights \
        yolox-s --output yolox-s-int8.safetensors
        """)

    @Option(help: "Folder of sample images.", completion: .directory) var calibrationImages: String
    @Option(help: "Weights file or name; see 'yolox weights list'.", completion: .weights) var weights =
      "yolox-nano"
    @Option(help: "Path of the .safetensors file to write.", completion: .file()) var output: String
    @Option(help: "Input size, a multiple of 32: 640 or HEIGHTxWIDTH. Default: from the weights.")
    var size: InputSize?
    @Option(help: "Maximum calibration images, evenly spread over the folder.") var maxImages = 200
    @Option(help: "COCO instances file (JSON) to measure average precision with.", completion: .file())
    var annotations: String?
    @Option(help: "Folder of the annotated images. Default: the calibration images.", completion: .directory)
    var images: String?
    @Option(help: "Storage of numbers: f32, f16 or bf16.") var dtype = "f32"
    @OptionGroup var threading: ThreadOptions

    func validate() throws {
      try requireSafetensors(output)
      guard ElementType.writable[dtype] != nil else {
        throw ValidationError("--dtype must be f32, f16 or bf16")
      }
      try requirePositive([("--max-images", maxImages)])
    }

    func run() async throws {
      let path = try WeightsLocation.path(of: weights)
      let pretrained = try PretrainedWeights.read(path)
      let pool = WorkerPool(threads: threading.count)
      var calibration = Calibration(ranges: try ranges(pretrained, pool))
      if let annotations {
        calibration.averagePrecision = try measure(
          pretrained, calibration, Annotations(contentsOf: annotations), in: images ?? calibrationImages, pool
        )
      }
      try pretrained.write(
        to: output, calibration: calibration, inputSize: size,
        as: ElementType.writable[dtype] ?? .float32)
      for precision in Precision.allCases {
        guard let ap = calibration.averagePrecision[precision] else { continue }
        try printLine("AP \(precision.rawValue.padded(to: 5)) \(ap.text(decimals: 4))")
      }
      try printLine(
        "\(output): \(pretrained.architecture.modelName), ranges of \(calibration.ranges.count) layers")
    }

    private func ranges(_ weights: PretrainedWeights, _ pool: WorkerPool) throws -> ActivationRanges {
      let all = try CLIError.naming("--calibration-images") { try ImageFiles.find(calibrationImages) }
      let count = min(all.count, maxImages)
      let paths = (0..<count).map { all[$0 * all.count / count] }
      let model = try Model(weights, inputSize: size)
      var progress = ProgressBar(label: "runs", total: 2 * count)
      defer { progress.finish() }
      return try weights.calibrated(pool: pool, imageCount: count, inputSize: size) { index, _ in
        defer { progress.advance() }
        return try CLIError.naming(paths[index]) { try model.prepare(ImageFiles.open(paths[index])).pixels }
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
        let records = try model.detectionRecords(for: annotations, in: folder, pool: pool)
        found[precision] = Evaluator(annotations: annotations, results: records).summary().ap
      }
      return found
    }
  }
}
