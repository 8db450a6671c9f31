import COCO
import Checkpoints
import Embedded
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import Training
import YOLOX

/// The demo network in the binary against the authors' code and ONNX Runtime (Tests/Fixtures/Demo/make.py).
@Suite("The demo network against the authors' code", .computing)
struct DemoNetworkTests {
  /// The four images of the fixture's batch, `[3, 192, 192]`, blue before red.
  private static func batch() throws -> [Tensor] {
    try (0..<4).map { index in
      let image = try Image(decoding: [UInt8](Fixture.data("Demo/batch-\(index).png")))
      let values = [2, 1, 0].flatMap { channel in
        stride(from: channel, to: image.pixels.count, by: 3).map { Float(image.pixels[$0]) }
      }
      return Tensor(shape: [3, image.height, image.width], values: values)
    }
  }

  private static func weights() throws -> PretrainedWeights {
    try PretrainedWeights(Checkpoint(#require(Embedded.demoNetwork), path: Embedded.demoNetworkName))
  }

  @Test("raw predictions of four drawn scenes")
  func outputs() throws {
    let weights = try DemoNetworkTests.weights()
    let expected = try #require(
      Checkpoint.open(Fixture.url("Demo/outputs.safetensors").path).tensors["raw"])
    let batch = try DemoNetworkTests.batch()
    let plan = try Plan(
      Graph.yolox(weights.architecture, classCount: weights.classCount), parameters: weights.parameters,
      height: 192, width: 192, options: PlanOptions())
    var executor = Executor(plan, capacity: batch.count, pool: WorkerPool(threads: 2))
    executor.run(batch)
    let raw = batch.indices.flatMap { executor.predictions(weights.architecture, image: $0).values }
    expectClose(raw, expected.values, within: 1e-3, "raw")
  }

  private func reference() throws -> TrainingReference {
    let batch = try DemoNetworkTests.batch()
    return try TrainingReference(
      weights: DemoNetworkTests.weights(),
      images: Tensor(shape: [batch.count] + batch[0].shape, values: batch.flatMap(\.values)),
      tensors: Checkpoint.open(Fixture.url("Demo/training.safetensors").path).tensors, isSketched: true,
      tolerance: (cosine: 0.9999, length: 0.005))
  }

  @Test("losses of three steps, movement of weights and averages", arguments: [true, false])
  func threeSteps(usesL1: Bool) throws { try reference().compareThreeSteps(usesL1: usesL1) }

  @Test("SimOTA gives the same anchors to the same objects")
  func assignment() throws { try reference().compareAssignment() }

  private struct Reference: Decodable {
    let statistics: [String: Double]
    let detections: [String: [ReferenceDetection]]
  }

  private func predictor(_ precision: Precision) throws -> Predictor {
    let model = try Model(DemoNetworkTests.weights(), options: PlanOptions(precision: precision))
    return Predictor(model, pool: WorkerPool(threads: 2))
  }

  /// COCO's metrics of the detections in `images`, which are those of `annotations`, in the same order.
  private func evaluate(
    _ precision: Precision, _ images: [Image], _ annotations: Annotations
  ) throws -> Summary {
    var predictor = try predictor(precision)
    let categories = annotations.categories.map(\.id).sorted()
    let options = DetectionOptions(scoreThreshold: 0.01, nmsThreshold: 0.65)
    let results = zip(annotations.images, images).flatMap { entry, image in
      predictor.detect(image, options: options).map { found in
        DetectionRecord(
          imageID: entry.id, categoryID: categories[found.classID], box: found.box.bbox,
          score: Double(found.score))
      }
    }
    return Evaluator(annotations: annotations, results: results).summary()
  }

  @Test("boxes and average precision of 300 drawn scenes, in every precision")
  func averagePrecision() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scenes-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var generator = ScenesGenerator()
    generator.seed = 2
    try generator.write(train: 0, validation: 300, to: folder)
    let annotations = try Annotations(contentsOf: "\(folder)/annotations/instances_val.json")
    let images = try annotations.images.map { entry in
      let file = URL(filePath: "\(folder)/val/\(entry.fileName)")
      return try Image(decoding: [UInt8](Data(contentsOf: file)))
    }
    let reference = try JSONDecoder().decode(Reference.self, from: Fixture.data("Demo/evaluation.json"))

    for precision in Precision.allCases {
      let summary = try evaluate(precision, images, annotations)
      #expect(summary.ap >= 0.85, "\(precision)")
      // int8 costs half a point.
      let expected = try #require(reference.statistics["AP"])
      #expect(
        summary.ap >= expected - 0.01, "\(precision): \(summary.ap), float32 by ONNX Runtime \(expected)")
      guard precision == .float32 else { continue }
      // ONNX Runtime's images were scaled by OpenCV, not to the same bits.
      let expected50 = try #require(reference.statistics["AP50"])
      #expect(abs(summary.ap - expected) < 0.003 && abs(summary.ap50 - expected50) < 0.003)
    }

    var predictor = try predictor(.float32)
    #expect(reference.detections.count == 20)
    for (entry, image) in zip(annotations.images, images).prefix(20) {
      let name = entry.fileName
      let expected = try #require(reference.detections[name])
      let found = predictor.detect(image, options: DetectionOptions(scoreThreshold: 0.3, nmsThreshold: 0.45))
      expectAgreement(found, expected, width: image.width, height: image.height, name)
    }
  }
}
