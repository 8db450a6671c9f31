import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

/// `make demo-weights` makes it.
private let file = SharedData.projectRoot.appending(path: "weights/yolox-nano-street.safetensors")

@Suite("The network trained on drawn scenes", .computing)
struct DemoWeightsTests {
  @Test("the file is small, says what it is and can be run in int8")
  func metadata() throws {
    #expect(try Data(contentsOf: file).count <= 2_000_000)
    let weights = try PretrainedWeights(contentsOf: file.path)
    #expect(Variant(weights.architecture) == .nano)
    #expect(
      weights.labels == ["person", "bicycle", "car", "bus", "traffic light", "stop sign", "dog", "clock"])
    #expect(weights.inputSize == InputSize(height: 352, width: 352))
    #expect(weights.license == "Apache-2.0")
    let calibration = try #require(weights.calibration)
    for precision in Precision.allCases {
      let averagePrecision = try #require(calibration.averagePrecision[precision])
      #expect(averagePrecision >= 0.85, "\(precision)")
    }
  }

  @Test("the objects of docs/images/street.png are found in every precision", arguments: Precision.allCases)
  func street(precision: Precision) throws {
    // Where docs/images/street.svg draws them.
    let expected: [(label: String, box: Box)] = [
      ("stop sign", Box(x1: 60, y1: 115, x2: 240, y2: 295)),
      ("traffic light", Box(x1: 820, y1: 60, x2: 900, y2: 270)),
      ("bus", Box(x1: 310, y1: 225, x2: 750, y2: 496)), ("clock", Box(x1: 486, y1: 31, x2: 634, y2: 179)),
    ]
    let weights = try PretrainedWeights(contentsOf: file.path)
    let model = try Model(weights, options: PlanOptions(precision: precision))
    let image = try Image(
      decoding: [UInt8](Data(contentsOf: SharedData.projectRoot.appending(path: "docs/images/street.png"))))
    var predictor = Predictor(model, pool: WorkerPool(threads: 2))
    let found = predictor.detect(image, options: DetectionOptions(scoreThreshold: 0.5, nmsThreshold: 0.45))
    #expect(found.count == expected.count, "\(found)")
    for (label, box) in expected {
      #expect(
        found.contains { model.labels[$0.classID] == label && $0.box.iou(box) >= 0.75 },
        "\(label) in \(found)")
    }
  }
}
