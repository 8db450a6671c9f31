import Checkpoints
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

/// What a file's network predicts for a fixed image.
private func predictions(_ path: String) throws -> Tensor {
  let weights = try PretrainedWeights(contentsOf: path)
  let size = weights.inputSize
  let model = try Model(weights, inputSize: size.height > 96 ? InputSize(height: 96, width: 96) : size)
  let count = 3 * model.inputSize.height * model.inputSize.width
  // Whole numbers of 0 to 255.
  let planes = (0..<count).map { (index: Int) -> Float in Float((index * 7919 + index / 96 * 104_729) % 256) }
  let options = DetectionOptions(keepsPredictions: true)
  var predictor = Predictor(model, pool: WorkerPool(threads: 2))
  let found = predictor.detect([(model.prepare(planes: planes), options)])
  return try #require(found.first?.predictions)
}

@Suite(
  "Small files of each kind that was read wrongly", .enabled(if: SharedData.isPresent, SharedData.missing))
struct ExportedFilesTests {
  private func path(_ name: String) -> String { SharedData.url("cases/models/\(name)").path }

  @Test(
    "give the same predictions as the plain export",
    arguments: [
      "order_breadth_first.onnx", "bias_as_add.onnx", "focus_space_to_depth.onnx", "data_location_default.onnx",
      "external.onnx", "batchnorm_left.onnx", "labels_in_metadata.onnx",
    ])
  func same(file: String) throws {
    let expected = try predictions(path("base.onnx"))
    expectClose(try predictions(path(file)).values, expected.values, within: 1e-4, file)
  }
}

/// Files that Tests/Fixtures/Checkpoints/make.py has written, each with what ONNX Runtime or PyTorch makes of it.
@Suite("Files that make.py has made", .enabled(if: MadeFiles.folder != nil, "YOLOX_EXPORTS names no folder"))
struct MadeFilesTests {
  @Test("are as ONNX Runtime runs them, or rejected", arguments: MadeFiles.names)
  func made(file: String) throws {
    let path = try #require(MadeFiles.folder) + "/" + file
    let reference = try? Data(contentsOf: URL(filePath: path + ".expected"))
    do {
      let actual = try predictions(path)
      guard let reference else {
        Issue.record("\(file): accepted")
        return
      }
      let expected = reference.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      try #require(actual.count == expected.count, "\(file)")
      let difference = zip(actual.values, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
      print("TABLE \(file): largest difference \(difference)")
      let limit: Float = file.contains("int8") ? 0.5 : file.contains("fp16") ? 0.05 : 2e-3
      #expect(difference < limit, "\(file)")
    } catch let error as ModelError {
      print("TABLE \(file): rejected: \(error)")
      if reference != nil { Issue.record("\(file): \(error)") }
    }
  }
}

private enum MadeFiles {
  static let folder = ProcessInfo.processInfo.environment["YOLOX_EXPORTS"]
  static let names: [String] =
    folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) }?
    .filter { !$0.hasSuffix(".expected") && !$0.hasSuffix(".data") }.sorted() ?? []
}
