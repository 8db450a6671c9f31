import ArgumentParser
import COCO
import Engine
import Foundation
import Training
import YOLOX

/// Times what an iteration consists of, on drawn pictures, and prints one line of JSON; `make bench-train` compares, and
/// under `mpirun` `Benchmarks/training_scaling.py` does.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time iterations of training and the making of batches.")

  @Option(help: "nano, tiny, s, m, l, x or darknet53.")
  var model = "nano"

  @Option(help: "Pictures in a batch, of all processes together.")
  var batch = 8

  @Option(help: "Side of the network's input, a multiple of 32.")
  var input = 416

  @Option(help: "Classes of the network.")
  var classes = 80

  @Option(help: "Iterations to time, after two that are not.")
  var iterations = 10

  @Option(help: "Threads.")
  var threads = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Time the making of augmented batches instead of iterations.")
  var augmentation = false

  func validate() throws {
    guard Variant(rawValue: model) != nil else { throw ValidationError("--model \(model) is not known") }
    guard batch > 0, input > 0, input % 32 == 0, iterations > 0, threads > 0, classes >= 3 else {
      throw ValidationError("counts must be positive, --input a multiple of 32, --classes at least 3")
    }
  }

  func run() throws {
    try withPeers { peers in
      try run(peers)
      return nil
    }
  }

  private func run(_ peers: ProcessGroup) throws {
    guard let variant = Variant(rawValue: model) else { throw ValidationError("--model \(model)") }
    let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var generator = ShapesGenerator()
    generator.side = input
    try generator.write(train: 4 * batch, validation: 1, to: folder)
    guard let part = try DataFolder(folder).part(.train) else { return }
    let shapes = try Annotations(contentsOf: part.annotations)
    let more = (shapes.categories.count + 1..<classes + 1).map {
      Annotations.Category(id: $0, name: "class \($0)")
    }
    let dataset = DetectionDataset(
      annotations: Annotations(
        images: shapes.images, categories: shapes.categories + more, objects: shapes.objects),
      images: part.images)

    var options = TrainingOptions(variant: variant, epochs: 300, batchSize: batch, threads: threads)
    options.inputSide = input
    let loader = BatchLoader(
      dataset: dataset, batchSize: batch, seed: 1, augmentation: options.augmentation, peers: peers)
    var gradientCount = 0
    let body: (Int) throws -> Void
    if augmentation {
      body = { _ = try loader.batch($0 % loader.batchesPerEpoch, epoch: $0, side: input, isAugmented: true) }
    } else {
      let trainer = try Trainer(
        options: options, training: dataset, validation: nil, weights: nil, folder: folder + "/run",
        peers: peers, report: { _ in })
      gradientCount = trainer.pass.layout.trainableCount
      let batches = try (0..<2).map { try loader.batch($0, epoch: 0, side: input, isAugmented: true) }
      body = { trainer.step(batches[$0 % 2], usesL1: false, rate: 1e-4) }
    }
    // Buffers are made and pictures decoded in the first ones.
    for iteration in 0..<max(2, augmentation ? 4 : 2) { try body(iteration) }
    var seconds: [Double] = []
    let processorStart = BenchCommand.processorSeconds
    for iteration in 0..<iterations {
      let start = ContinuousClock.now
      try body(iteration)
      seconds.append(start.duration(to: .now).seconds)
    }
    let processorSeconds = (BenchCommand.processorSeconds - processorStart) / Double(iterations)
    guard peers.isFirst else { return }
    let list = seconds.map { "\($0)" }.joined(separator: ", ")
    print(
      "{\"seconds\": [\(list)], \"processor_seconds\": \(processorSeconds), \"gradient_bytes\": \(4 * gradientCount), \"normalizations\": \(normalizationCount(options))}"
    )
  }

  /// That this process has taken so far, which others on the machine hardly change.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Each exchanges its statistics twice in an iteration.
  private func normalizationCount(_ options: TrainingOptions) -> Int {
    RunState(options: options, labels: Array(repeating: "", count: classes)).graph.nodes.count {
      if case .batchNormalization = $0.operation { true } else { false }
    }
  }
}
