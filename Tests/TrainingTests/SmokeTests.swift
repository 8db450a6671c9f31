import COCO
import Foundation
import TestSupport
import Testing
import Training
import YOLOX

/// A short training from nothing that has to come to something.
@Suite("Smoke training", .computing, .serialized)
struct SmokeTests {
  private func run(_ configure: (inout TrainingOptions) -> Void) throws -> [[String: Double]] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "smoke-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var generator = ShapesGenerator()
    generator.side = 64
    generator.objectsPerImage = 1...1
    generator.sizes = 0.3...0.6
    try generator.write(train: 64, validation: 16, to: folder)
    func dataset(_ split: DataFolder.Split) throws -> DetectionDataset {
      let part = try #require(try DataFolder(folder).part(split))
      return DetectionDataset(annotations: try Annotations(contentsOf: part.annotations), images: part.images)
    }
    var options = TrainingOptions(variant: .nano, epochs: 80, batchSize: 8, threads: 2)
    options.inputSize = 64
    options.peakLearningRate = 0.03
    options.warmupEpochs = 1
    options.noAugEpochs = 6
    options.evalInterval = 80
    configure(&options)
    let trainer = try Trainer(
      options: options, training: try dataset(.train), validation: try dataset(.val), weights: nil,
      folder: folder + "/run", report: { _ in })
    try trainer.run()
    #expect(FileManager.default.fileExists(atPath: folder + "/run/report.html"))
    return RunReport.curves(folder: folder + "/run")
  }

  @Test("in 80 short epochs from scratch the loss falls and shapes are detected")
  func learns() throws {
    let rows = try run { $0.mosaicProbability = 0 }
    let (first, last) = (try #require(rows.first?["loss"]), try #require(rows.last?["loss"]))
    // The last epochs' loss has the L1 part as well.
    let l1 = try #require(rows.last?["l1"])
    #expect(last - l1 < 0.65 * first, "\(first), \(last), of which L1 \(l1)")
    let ap = try #require(rows.last?["ap"])
    #expect(ap > 0.05, "AP \(ap)")
  }
}
