import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

@Suite("Calibration", .computing, .sharedData("weights/yolox_nano.onnx", "coco/train2017", "coco/val2017"))
struct CalibrationTests {
  private func picture(_ path: String) throws -> Image { try Image(decoding: SharedData.bytes(path)) }

  @Test("quantised weights survive a file, and int8 finds the objects of float32")
  func roundTrip() throws {
    let weights = try PretrainedWeights(contentsOf: SharedData.url("weights/yolox_nano.onnx").path)
    let wide = try Model(weights)
    let names = try FileManager.default.contentsOfDirectory(
      atPath: SharedData.url("coco/train2017").path
    ).sorted()
    let sample = try names.prefix(12).map { wide.prepare(try picture("coco/train2017/\($0)")).pixels }
    let pool = WorkerPool(threads: 2)
    var calibration = Calibration(
      ranges: try weights.calibrated(pool: pool, imageCount: sample.count) { index, _ in sample[index] })
    calibration.averagePrecision = [.float32: 0.3112, .int8: 0.31]
    let path = FileManager.default.temporaryDirectory.appending(
      path: "yolox-\(UUID().uuidString).safetensors"
    ).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try weights.write(to: path, calibration: calibration)

    let read = try PretrainedWeights(contentsOf: path)
    #expect(read.calibration == calibration && read.parameters == weights.parameters)
    let narrow = try Model(read, options: PlanOptions(precision: .int8))
    #expect(narrow.plan.weightBytes < wide.plan.weightBytes / 2)
    // Bytes take a quarter of floats, but only int8 keeps a copy of the picture with a border.
    #expect(narrow.plan.memoryBytesPerImage < wide.plan.memoryBytesPerImage * 2 / 3)

    var first = Predictor(wide, pool: pool)
    var second = Predictor(narrow, pool: pool)
    let options = DetectionOptions(scoreThreshold: 0.3, nmsThreshold: 0.45)
    let validation = try FileManager.default.contentsOfDirectory(
      atPath: SharedData.url("coco/val2017").path
    ).sorted().map { "coco/val2017/\($0)" }
    var (wanted, found) = (0, 0)
    for name in ["images/dog.jpg"] + validation {
      let image = try picture(name)
      let detections = second.detect(image, options: options)
      for strong in first.detect(image, options: options) where strong.score >= 0.5 {
        wanted += 1
        found +=
          detections.contains {
            $0.classID == strong.classID && $0.box.iou(strong.box) >= 0.75
              && abs($0.score - strong.score) <= 0.15
          } ? 1 : 0
      }
    }
    #expect(wanted > 200 && found * 10 >= wanted * 9, "\(found) of \(wanted)")
  }

  @Test("files without ranges have no calibration, and int8 is rejected")
  func absent() throws {
    let weights = try PretrainedWeights(contentsOf: SharedData.url("weights/yolox_nano.onnx").path)
    #expect(weights.calibration == nil)
    #expect(throws: ModelError.self) { try Model(weights, options: PlanOptions(precision: .int8)) }
  }
}
