import COCO
import Foundation
import Imaging
import TestSupport
import Testing
import Training
import YOLOX

@Suite("Trainer", .computing)
struct TrainerTests {
  /// Twelve images of one square each, written to a new folder.
  static func shapes() throws -> (folder: URL, annotations: Annotations) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "trainer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var random = SplitMix64(seed: 3)
    var images: [String] = []
    var objects: [String] = []
    for id in 1...12 {
      var image = Image(width: 64, height: 64, gray: 60)
      let (x, y, side) = (Int(random.next() % 32), Int(random.next() % 32), 16 + Int(random.next() % 16))
      for row in y..<y + side { for column in x..<x + side { image[column, row] = (230, 40, 40) } }
      try Data(image.encoded(as: .png)).write(to: folder.appending(path: "\(id).png"))
      images.append(#"{"id": \#(id), "file_name": "\#(id).png", "width": 64, "height": 64}"#)
      objects.append(
        #"{"id": \#(id), "image_id": \#(id), "category_id": 1, "bbox": [\#(x), \#(y), \#(side), \#(side)]}"#)
    }
    // One of each fault.
    objects.append(#"{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}"#)
    objects.append(#"{"id": 20, "image_id": 99, "category_id": 1, "bbox": [1, 1, 5, 5]}"#)
    objects.append(#"{"id": 21, "image_id": 1, "category_id": 7, "bbox": [1, 1, 5, 5]}"#)
    objects.append(#"{"id": 22, "image_id": 1, "category_id": 1, "bbox": [1, 1, 0, 5]}"#)
    images.append(#"{"id": 13, "file_name": "absent.png", "width": 64, "height": 64}"#)
    let text = """
      {"images": [\(images.joined(separator: ","))], "annotations": [\(objects.joined(separator: ","))],
       "categories": [{"id": 1, "name": "square"}]}
      """
    let path = folder.appending(path: "annotations.json")
    try Data(text.utf8).write(to: path)
    return (folder, try Annotations(contentsOf: path.path))
  }

  private func trainer(
    _ dataset: DetectionDataset, folder: URL, accumulation: Int = 1, multiScale: ClosedRange<Int>? = nil
  ) throws -> Trainer {
    var options = TrainingOptions(
      variant: .nano, epochs: 3, batchSize: 4, accumulation: accumulation, threads: 2)
    options.inputSize = 64
    options.multiScale = multiScale
    options.warmupEpochs = 1
    return try Trainer(
      options: options, training: dataset, validation: nil, weights: nil, folder: folder.path,
      report: { _ in })
  }

  @Test("unusable records are left out, each with a line that names it")
  func issues() throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    let dataset = DetectionDataset(annotations: annotations, images: folder.path)
    #expect(dataset.entries.count == 12)
    #expect(dataset.entries.allSatisfy { $0.objects.count == 1 })
    #expect(dataset.issues.count == 5)
    for fact in ["annotation 1: duplicate id", "image 99", "category 7", "no area", "absent.png"] {
      #expect(dataset.issues.contains { $0.contains(fact) }, "\(fact)")
    }
  }

  @Test(
    "a stopped and resumed run ends with the same bits as an uninterrupted one",
    arguments: [(1, nil), (2, 32...96)] as [(Int, ClosedRange<Int>?)])
  func resume(accumulation: Int, multiScale: ClosedRange<Int>?) throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    let dataset = DetectionDataset(annotations: annotations, images: folder.path)

    func trainer(_ name: String) throws -> Trainer {
      try self.trainer(
        dataset, folder: folder.appending(path: name), accumulation: accumulation, multiScale: multiScale)
    }
    let whole = try trainer("whole")
    #expect(try whole.run() == .finished)

    // Stops where it may after its fourth iteration: in the second of three epochs.
    let first = try trainer("parts")
    let ending = try first.run { first.state.iteration >= 4 }
    #expect(ending == .stopped)
    let (state, tensors) = try RunCheckpoint.latest(in: folder.appending(path: "parts").path)
    #expect(state.iteration == (accumulation == 1 ? 4 : 5))
    let second = try trainer("parts")
    try second.resume(state, tensors)
    try second.run()

    #expect(second.executor.parameters.values == whole.executor.parameters.values)
    #expect(second.ema.parameters.values == whole.ema.parameters.values)
    // The curves are the same as well, but for the speed.
    func curves(_ name: String) -> [[String: Double]] {
      RunReport.curves(folder: folder.appending(path: name).path).map {
        $0.filter { $0.key != "images_per_second" }
      }
    }
    #expect(curves("parts").count == 3)
    #expect(curves("parts") == curves("whole"))
  }

  @Test(
    "weights that are not finite are never saved: the last checkpoint stays good, and the run can go on slower"
  )
  func divergence() throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    let dataset = DetectionDataset(annotations: annotations, images: folder.path)
    var options = TrainingOptions(variant: .nano, epochs: 40, batchSize: 4, threads: 1)
    (options.inputSize, options.warmupEpochs, options.peakLearningRate) = (32, 0, 1e30)
    let path = folder.appending(path: "diverged").path
    func trainer() throws -> Trainer {
      try Trainer(
        options: options, training: dataset, validation: nil, weights: nil, folder: path, report: { _ in })
    }
    #expect {
      try trainer().run()
    } throws: {
      "\($0)".contains("--clip-grad-norm") && "\($0)".contains("checkpoint is kept")
    }
    var (state, tensors) = try RunCheckpoint.latest(in: path)
    for tensor in tensors.values { #expect(!tensor.values.contains { !$0.isFinite }) }

    (state.options.peakLearningRate, state.options.epochs) = (1e-4, state.epochsDone + 1)
    options = state.options
    let resumed = try trainer()
    try resumed.resume(state, tensors)
    #expect(try resumed.run() == .finished)
    #expect(resumed.executor.parameters.isFinite)

    resumed.executor.parameters.set([.nan])
    #expect(throws: TrainingError.self) { try resumed.save() }
    #expect(try RunCheckpoint.latest(in: path).state.epochsDone == state.epochsDone + 1)
  }

  @Test("gradients are shortened to --clip-grad-norm in one step, as in PyTorch")
  func clipping() throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    let trainer = try trainer(
      DetectionDataset(annotations: annotations, images: folder.path), folder: folder.appending(path: "run"))
    let executor = trainer.executor
    let count = executor.layout.trainableCount
    // torch.nn.utils.clip_grad_norm_([3, 4], 2) leaves 6 / (5 + 1e-6) and 8 / (5 + 1e-6).
    executor.gradients.set([3, 4] + [Float](repeating: 0, count: count - 2))
    let before = executor.parameters.values(0..<2)
    SGD(executor.layout, maxGradientNorm: 2).step(executor, learningRate: 1)
    let after = executor.parameters.values(0..<2)
    for (index, clipped) in [Float(1.2), 1.6].enumerated() {
      let direction = clipped + SGD.weightDecay * before[index]
      #expect(abs(before[index] - after[index] - 1.9 * direction) < 1e-5)
    }
  }

  @Test("a run is resumed with other data only if asked to, from its last complete epoch")
  func changedData() throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = folder.appending(path: "run")
    let dataset = DetectionDataset(annotations: annotations, images: folder.path)
    let first = try trainer(dataset, folder: run)
    try first.run { first.state.iteration == 4 }
    let (state, tensors) = try RunCheckpoint.latest(in: run.path)
    #expect(state.epochsDone == 1)

    let more = DetectionDataset(
      annotations: Annotations(
        images: Array(annotations.images.prefix(5)), categories: annotations.categories,
        objects: annotations.objects), images: folder.path)
    #expect(throws: TrainingError.otherData(folder: run.path)) {
      try trainer(more, folder: run).resume(state, tensors)
    }
    let second = try trainer(more, folder: run)
    try second.resume(state, tensors, allowsNewData: true)
    #expect(second.state.iteration == 2)
    try second.run()
    #expect(RunReport.curves(folder: run.path).map { $0["epoch"] } == [1, 2, 3])
    #expect(try RunCheckpoint.latest(in: run.path).state.iteration == 6)
  }

  @Test("known weights are evaluated before the first epoch and stay the best of a run that makes them worse")
  func initialEvaluation() throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    let dataset = DetectionDataset(annotations: annotations, images: folder.path)
    let scratch = try trainer(dataset, folder: folder.appending(path: "scratch"))
    let weights = try scratch.emaWeights()

    var options = scratch.state.options
    (options.patience, options.epochs, options.evalInterval) = (2, 6, 1)
    var lines: [String] = []
    let path = folder.appending(path: "run").path
    let tuned = try Trainer(
      options: options, training: dataset, validation: dataset, weights: weights, folder: path,
      report: { lines.append($0) })
    #expect(try tuned.run() == .finished)
    #expect(lines.contains { $0.hasPrefix("AP of the initial weights") })
    // Noise detects nothing: AP stays 0, the initial weights stay the best, and patience ends the run.
    if tuned.state.bestEpoch == 0 {
      #expect(tuned.state.hasStoppedEarly && tuned.state.epochsDone == 2)
      #expect(try PretrainedWeights(contentsOf: path + "/best.safetensors").parameters == weights.parameters)
    }
  }

  @Test("an evaluation that is left is repeated by the resumed run, which ends with the same bits")
  func abortedEvaluation() throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    let dataset = DetectionDataset(annotations: annotations, images: folder.path)
    func trainer(_ name: String) throws -> Trainer {
      var options = TrainingOptions(variant: .nano, epochs: 2, batchSize: 4, threads: 1)
      (options.inputSize, options.evalInterval) = (32, 1)
      return try Trainer(
        options: options, training: dataset, validation: dataset, weights: nil,
        folder: folder.appending(path: name).path, report: { _ in })
    }
    let whole = try trainer("whole")
    try whole.run()
    let first = try trainer("parts")
    #expect(try first.run(shouldAbort: { true }) == .stopped)
    let (state, tensors) = try RunCheckpoint.latest(in: folder.appending(path: "parts").path)
    #expect(state.iteration == 3 && state.epochsDone == 0)
    let second = try trainer("parts")
    try second.resume(state, tensors)
    try second.run()
    #expect(second.ema.parameters.values == whole.ema.parameters.values)
    #expect(
      RunReport.curves(folder: folder.appending(path: "parts").path).map { $0["ap"] }
        == RunReport.curves(folder: folder.appending(path: "whole").path).map { $0["ap"] })
  }

  @Test("a run is not resumed with other classes, and a repeated epoch is logged once")
  func otherData() throws {
    let (folder, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: folder) }
    let dataset = DetectionDataset(annotations: annotations, images: folder.path)
    let run = folder.appending(path: "run")
    let first = try trainer(dataset, folder: run)
    try first.run { first.state.iteration == 4 }
    let (state, tensors) = try RunCheckpoint.latest(in: run.path)

    let renamed = DetectionDataset(
      annotations: Annotations(
        images: annotations.images, categories: [Annotations.Category(id: 1, name: "circle")],
        objects: annotations.objects), images: folder.path)
    #expect {
      try trainer(renamed, folder: run).resume(state, tensors)
    } throws: {
      "\($0)".contains("[\"square\"]") && "\($0)".contains("[\"circle\"]")
    }

    // As if the process had died between the line of the second epoch and its checkpoint.
    let log = run.appending(path: "metrics.jsonl")
    let lines = try String(contentsOf: log, encoding: .utf8)
    try (lines + lines).write(to: log, atomically: true, encoding: .utf8)
    let second = try trainer(dataset, folder: run)
    try second.resume(state, tensors)
    try second.run()
    #expect(RunReport.curves(folder: run.path).map { $0["epoch"] } == [1, 2, 3])
  }
}
