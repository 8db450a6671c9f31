import ArgumentParser
import COCO
import Engine
import Foundation
import Training
import YOLOX

/// Times iterations on drawn images and prints one line of JSON for `make bench-train` and
/// `Benchmarks/training/scaling.py`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time training iterations or batch preparation.")

  @Option(help: "Network: nano, tiny, s, m, l, x or darknet53.")
  var model = "nano"

  @Option(help: "Images per batch, over all processes.")
  var batchSize = 8

  @Option(help: "Input size in pixels, a multiple of 32.")
  var size = 416

  @Option(help: "Number of classes.")
  var classes = 80

  @Option(help: "Number of timed iterations, after two warm-up iterations.")
  var iterations = 10

  @Option(help: "Number of threads.")
  var threads = availableProcessors()

  @Flag(help: "Time the preparation of augmented batches instead of iterations.")
  var augmentation = false

  func validate() throws {
    guard Variant(rawValue: model) != nil else { throw ValidationError("--model \(model) is unknown") }
    guard batchSize > 0, size > 0, size % 32 == 0, iterations > 0, threads > 0, classes >= 3 else {
      throw ValidationError(
        "--batch-size, --iterations and --threads must be at least 1, --size a multiple of 32, --classes at least 3"
      )
    }
  }

  func run() throws {
    try withProcessGroup { processes in
      try run(processes)
      return nil
    }
  }

  private func run(_ processes: ProcessGroup) throws {
    guard let variant = Variant(rawValue: model) else { throw ValidationError("--model \(model)") }
    let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var generator = ShapesGenerator()
    generator.side = size
    try generator.write(train: 4 * batchSize, validation: 1, to: folder)
    guard let part = try DataFolder(folder).part(.train) else { return }
    let shapes = try Annotations(contentsOf: part.annotations)
    let more = (shapes.categories.count + 1..<classes + 1).map {
      Annotations.Category(id: $0, name: "class \($0)")
    }
    let dataset = DetectionDataset(
      annotations: Annotations(
        images: shapes.images, categories: shapes.categories + more, objects: shapes.objects),
      images: part.images)

    var options = TrainingOptions(variant: variant, epochs: 300, batchSize: batchSize, threads: threads)
    options.inputSize = size
    let loader = BatchLoader(
      dataset: dataset, batchSize: batchSize, seed: 1, augmentation: options.augmentation,
      processes: processes)
    var gradientCount = 0
    let body: (Int) throws -> Void
    if augmentation {
      body = { _ = try loader.batch($0 % loader.batchesPerEpoch, epoch: $0, side: size, isAugmented: true) }
    } else {
      let trainer = try Trainer(
        options: options, training: dataset, validation: nil, weights: nil, folder: folder + "/run",
        processes: processes, report: { _ in })
      gradientCount = trainer.executor.layout.trainableCount
      let batches = try (0..<2).map { try loader.batch($0, epoch: 0, side: size, isAugmented: true) }
      body = { trainer.train(batches[$0 % 2], usesL1: false, learningRate: 1e-4) }
    }
    // Warm-up: the first iterations allocate buffers and decode images.
    for iteration in 0..<max(2, augmentation ? 4 : 2) { try body(iteration) }
    var seconds: [Double] = []
    let processorStart = BenchCommand.processorSeconds
    for iteration in 0..<iterations {
      let start = ContinuousClock.now
      try body(iteration)
      seconds.append(start.duration(to: .now).seconds)
    }
    let processorSeconds = (BenchCommand.processorSeconds - processorStart) / Double(iterations)
    guard processes.isMain else { return }
    let list = seconds.map { "\($0)" }.joined(separator: ", ")
    print(
      "{\"seconds\": [\(list)], \"processor_seconds\": \(processorSeconds), \"gradient_bytes\": \(4 * gradientCount), \"normalizations\": \(normalizationCount(options))}"
    )
  }

  /// Processor time of this process, which load on the machine hardly affects.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Number of batch normalisations; each exchanges statistics twice per iteration.
  private func normalizationCount(_ options: TrainingOptions) -> Int {
    RunState(options: options, labels: Array(repeating: "", count: classes)).graph.nodes.count {
      if case .batchNormalization = $0.operation { true } else { false }
    }
  }
}
