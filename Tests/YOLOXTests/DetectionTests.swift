import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

/// `Tests/Fixtures/Golden/detections.json`: what ONNX Runtime and the authors' postprocessing find with yolox_nano.onnx.
private struct GoldenDetections: Decodable {
  let width: Int
  let height: Int
  let detections: [ReferenceDetection]
}

@Suite(
  "Detections against the authors' code", .computing,
  .sharedData("weights/yolox_nano.onnx", "weights/yolox_nano.pth", "coco/val2017"))
struct DetectionTests {
  private let golden: [String: GoldenDetections]

  init() throws {
    golden = try JSONDecoder().decode(
      [String: GoldenDetections].self, from: Fixture.data("Golden/detections.json"))
  }

  @Test(
    "all 80 pictures, from the ONNX file and from the .pth", arguments: ["yolox_nano.onnx", "yolox_nano.pth"])
  func pictures(file: String) throws {
    let weights = try PretrainedWeights(contentsOf: SharedData.url("weights/\(file)").path)
    var predictor = Predictor(try Model(weights), pool: WorkerPool(threads: 2))
    let options = DetectionOptions(scoreThreshold: 0.3, nmsThreshold: 0.45)
    #expect(golden.count == 80)

    for (name, expected) in golden {
      let folder = name == "dog.jpg" ? "images" : "coco/val2017"
      let image = try Image(decoding: SharedData.bytes("\(folder)/\(name)"))
      #expect(image.width == expected.width && image.height == expected.height)
      let found = predictor.detect(image, options: options)
      expectAgreement(
        found, expected.detections, width: image.width, height: image.height, "\(file), \(name)")
    }
  }
}
