import COCO
import Foundation
import TestSupport
import Testing

@Suite("Evaluator")
struct EvaluatorTests {
  private struct Golden: Decodable {
    let stats: [String: Double]
    let perClass: [String: Double]

    enum CodingKeys: String, CodingKey {
      case stats
      case perClass = "per_class_AP"
    }
  }

  @Test(
    "gives pycocotools' twelve numbers and per-class AP for the same results",
    .enabled(if: SharedData.isPresent, SharedData.missing))
  func pycocotools() throws {
    let golden = try JSONDecoder().decode(Golden.self, from: Data(SharedData.bytes("golden/coco_stats.json")))
    let summary = Evaluator(
      annotations: try Annotations(contentsOf: SharedData.url("coco/instances_val2017.json").path),
      results: try Result.read(SharedData.url("golden/coco_results.json").path)
    ).summary()
    let ours = try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary)) as? [String: Any]
    #expect(golden.stats.count == 12)
    for (name, expected) in golden.stats {
      let value = try #require(ours?[name] as? Double)
      #expect(abs(value - expected) < 1e-5, "\(name) is \(value) instead of \(expected)")
    }
    for (name, expected) in golden.perClass {
      let value = try #require(summary.perClass.first { $0.name == name }).ap
      #expect(abs(value - expected) < 1e-5, "AP of \(name) is \(value) instead of \(expected)")
    }
  }

  /// One picture with the given objects and results of one category.
  private func evaluate(_ objects: String, _ results: [Result]) throws -> Summary {
    let path = FileManager.default.temporaryDirectory.appending(path: "yolox-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(
      """
      {"images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 100}],
       "categories": [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}], "annotations": [\(objects)]}
      """.utf8
    ).write(to: path)
    return Evaluator(annotations: try Annotations(contentsOf: path.path), results: results).summary()
  }

  private let object =
    #"{"id": 1, "image_id": 1, "category_id": 7, "bbox": [10, 10, 40, 40], "area": 1600, "iscrowd": 0}"#
  private let crowd =
    #"{"id": 2, "image_id": 1, "category_id": 7, "bbox": [0, 0, 100, 100], "area": 10000, "iscrowd": 1}"#

  /// pycocotools adds a tiny number to each divisor, so that 1 comes out a little less.
  private func isOne(_ value: Double) -> Bool { abs(value - 1) < 1e-9 }

  private func hit(_ score: Double) -> Result {
    Result(imageID: 1, categoryID: 7, box: [10, 10, 40, 40], score: score)
  }

  @Test("an exact box gives 1 in its class, and -1 where there is nothing to find")
  func exact() throws {
    let summary = try evaluate(object, [hit(0.9)])
    #expect(isOne(summary.perClass[0].ap) && summary.perClass[1].ap == -1)
    #expect(isOne(summary.ap) && isOne(summary.apMedium) && summary.apSmall == -1)
  }

  @Test("finding the same object twice is a mistake")
  func twice() throws {
    let summary = try evaluate(
      object, [hit(0.8), Result(imageID: 1, categoryID: 7, box: [60, 60, 30, 30], score: 0.9)])
    #expect(abs(summary.ap - 0.5) < 1e-9)
    #expect(isOne(try evaluate(object, [hit(0.9), hit(0.8)]).ap))
  }

  @Test("any number of boxes in a crowd count neither way")
  func crowds() throws {
    let inCrowd = (0..<5).map {
      Result(imageID: 1, categoryID: 7, box: [60, Double($0) * 10, 10, 10], score: 0.95)
    }
    #expect(isOne(try evaluate(object + ", " + crowd, inCrowd + [hit(0.5)]).ap))
  }
}
