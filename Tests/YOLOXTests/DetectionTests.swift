import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

/// `Tests/Fixtures/Golden/detections.json`: what ONNX Runtime and the authors' postprocessing find with yolox_nano.onnx.
private struct GoldenDetections: Decodable {
  struct Found: Decodable {
    let classID: Int
    let score: Float
    let box: [Float]

    enum CodingKeys: String, CodingKey {
      case score, box
      case classID = "class_id"
    }
  }

  let width: Int
  let height: Int
  let detections: [Found]
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
      // Both ways, for scores that cannot have crossed the threshold by the difference that is allowed.
      for wanted in expected.detections where wanted.score >= 0.35 {
        #expect(
          found.contains { agree($0, wanted, in: image) }, "\(file), \(name): \(wanted) is not among \(found)"
        )
      }
      for detection in found where detection.score >= 0.35 {
        #expect(
          expected.detections.contains { agree(detection, $0, in: image) },
          "\(file), \(name): \(detection) is not expected")
      }
    }
  }

  /// Score within 0.02 and IoU at least 0.97, as Tests/Fixtures/Golden/README.md allows for other decoders and resizers. Ours are
  /// clipped to the picture, the reference's are not.
  private func agree(_ detection: Detection, _ expected: GoldenDetections.Found, in image: Image) -> Bool {
    let box = Box(
      x1: max(0, expected.box[0]), y1: max(0, expected.box[1]), x2: min(Float(image.width), expected.box[2]),
      y2: min(Float(image.height), expected.box[3]))
    return detection.classID == expected.classID && abs(detection.score - expected.score) <= 0.02
      && detection.box.iou(box) >= 0.97
  }
}
