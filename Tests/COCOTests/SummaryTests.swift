import COCO
import Foundation
import TestSupport
import Testing

@Suite("Summary")
struct SummaryTests {
  /// An object found exactly, one not found, and a class without objects.
  private let summary = Evaluator(
    annotations: Annotations(
      images: [.init(id: 1, fileName: "a.jpg", width: 100, height: 100)],
      categories: [.init(id: 7, name: "cat"), .init(id: 9, name: "dog"), .init(id: 8, name: "cow")],
      objects: [
        .init(id: 1, imageID: 1, categoryID: 7, box: [10, 10, 40, 40]),
        .init(id: 2, imageID: 1, categoryID: 9, box: [60, 60, 20, 20]),
      ]),
    results: [DetectionRecord(imageID: 1, categoryID: 7, box: [10, 10, 40, 40], score: 0.9)]
  ).summary()

  @Test("lists pycocotools' twelve metrics in its order")
  func lines() {
    // pycocotools 2.0.11 on the same objects and results.
    let expected = [0.5, 0.5, 0.5, 0, 1, -1, 0.5, 0.5, 0.5, 0, 1, -1]
    #expect(summary.lines.map { ($0.value * 1000).rounded() / 1000 } == expected)
  }

  @Test("orders classes by id, with -1 where no objects count")
  func json() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let object = try #require(
      try JSONSerialization.jsonObject(with: encoder.encode(summary)) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100", "AR_small",
        "AR_medium", "AR_large", "per_class",
      ])
    #expect(object["AP_large"] as? Double == -1)
    let classes = try #require(object["per_class"] as? [[String: Any]])
    #expect(classes.map { $0["name"] as? String } == ["cat", "cow", "dog"])
    #expect(classes.map { $0["objects"] as? Int } == [1, 0, 1])
    #expect(classes[1]["AP"] as? Double == -1 && classes[1]["AR100"] as? Double == -1)
    #expect(classes[2]["AP50"] as? Double == 0)
  }
}
