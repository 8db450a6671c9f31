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
  // The files of checkpoints do not say their size.
  let size = weights.format == .onnx ? weights.inputSize : InputSize(height: 96, width: 96)
  let model = try Model(weights, inputSize: size)
  let area = size.height * size.width
  // Whole numbers of 0 to 255, as make.py has them.
  var planes = (0..<3 * area).map { (index: Int) -> Float in
    let (channel, row, column) = (index / area, index / size.width % size.height, index % size.width)
    return Float((channel * 85 + column * 2 + row * (channel + 1)) % 256)
  }
  if weights.preprocessing == .legacy {
    let (mean, deviation): ([Float], [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    for index in planes.indices {
      planes[index] = (planes[index] / 255 - mean[index / area]) / deviation[index / area]
    }
  }
  let options = DetectionOptions(keepsPredictions: true)
  var predictor = Predictor(model, pool: WorkerPool(threads: 2))
  let found = predictor.detect([(model.prepare(planes: planes), options)])
  return try #require(found.first?.predictions)
}

@Suite(
  "Small files of each kind that was read wrongly", .sharedData("cases/models"))
struct ExportedFilesTests {
  private func path(_ name: String) -> String { SharedData.url("cases/models/\(name)").path }

  @Test(
    "give the same predictions as the plain export",
    arguments: [
      "order_breadth_first.onnx", "bias_as_add.onnx", "focus_space_to_depth.onnx",
      "data_location_default.onnx",
      "external.onnx", "batchnorm_left.onnx", "labels_in_metadata.onnx",
    ])
  func same(file: String) throws {
    let expected = try predictions(path("base.onnx"))
    expectClose(try predictions(path(file)).values, expected.values, within: 1e-4, file)
  }

  @Test(
    "checkpoints give the same predictions as the authors' own",
    arguments: ["mmdet.pth", "lightning.pth", "authors_before_1.6_format.pth", "with_namespace.pth"])
  func checkpoints(file: String) throws {
    let expected = try predictions(path("authors.pth"))
    #expect(try predictions(path(file)).values == expected.values)
    expectClose(try predictions(path("base.onnx")).values, expected.values, within: 1e-3, "base.onnx")
  }

  @Test(
    "labels come from ONNX metadata and from mmdetection's meta",
    arguments: ["labels_in_metadata.onnx", "mmdet.pth"])
  func labels(file: String) throws {
    #expect(try PretrainedWeights(contentsOf: path(file)).labels == ["bolt", "nut", "washer"])
  }

  @Test("another activation is another network, and is run as such")
  func activation() throws {
    let weights = try PretrainedWeights(contentsOf: path("act_relu.onnx"))
    #expect(weights.architecture.activation == .relu)
    #expect(try PretrainedWeights(contentsOf: path("base.onnx")).architecture.activation == .silu)
    // What ONNX Runtime 1.32 makes of the same image: rows 0, 94 and 188.
    let expected: [Int: [Float]] = [
      0: [0.388473, 0.289296, 0.695056, 0.902463, 0.926363, 0.991735, 0.723038, 0.969782],
      94: [-0.483345, 0.872542, 1.53438, 0.875817, 1.0, 0.0109476, 0.204797, 1.41263e-05],
      188: [4.12399, 1.36124, 0.0759197, 4.64087, 1.0, 0.999275, 0.105605, 0.00420338],
    ]
    let found = try predictions(path("act_relu.onnx"))
    try #require(found.shape == [189, 8])
    for (row, numbers) in expected {
      expectClose(Array(found.values[row * 8..<row * 8 + 8]), numbers, within: 1e-4, "row \(row)")
    }
  }

  @Test("NaN among the weights is an error that names the tensor")
  func notFinite() {
    let error = #expect(throws: ModelError.self) { try PretrainedWeights(contentsOf: path("one_nan.pth")) }
    guard case .notFinite(let names)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(names.count == 1)
  }

  @Test(
    "files that are no weights are rejected by what they are",
    arguments: [("lfs_pointer.onnx", "git lfs pull"), ("html_page.onnx", "HTML page")])
  func foreign(file: String, advice: String) {
    let error = #expect(throws: ModelError.self) { try PretrainedWeights(contentsOf: path(file)) }
    #expect(error?.description.contains(advice) == true)
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
      #expect(difference < (file.contains("fp16") ? 0.05 : 2e-3), "\(file)")
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
