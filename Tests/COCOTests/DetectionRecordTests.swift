import COCO
import Foundation
import TestSupport
import Testing

@Suite("DetectionRecord")
struct ResultTests {
  private func temporary() -> String {
    FileManager.default.temporaryDirectory.appending(path: "results-\(UUID().uuidString).json").path
  }

  @Test("reads back what it has written", arguments: [0, 1, 100])
  func roundTrip(count: Int) throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var random = SplitMix64(seed: 3)
    let results = (0..<count).map { index in
      DetectionRecord(
        imageID: index / 3, categoryID: index % 7 + 1,
        box: random.floats(4, in: -10...700).map { Double($0) }, score: Double(random.float(in: 0...1)))
    }
    try DetectionRecord.write(results, to: path)
    #expect(try DetectionRecord.read(path) == results)
  }

  @Test("writes COCO's names")
  func names() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try DetectionRecord.write(
      [DetectionRecord(imageID: 42, categoryID: 18, box: [1, 2, 3, 4], score: 0.5)], to: path)
    let rows = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path))) as? [[String: Any]])
    #expect(rows.count == 1 && Set(rows[0].keys) == ["image_id", "category_id", "bbox", "score"])
    #expect(rows[0]["image_id"] as? Int == 42 && rows[0]["category_id"] as? Int == 18)
    #expect(rows[0]["bbox"] as? [Double] == [1, 2, 3, 4] && rows[0]["score"] as? Double == 0.5)
  }

  @Test("passes over outlines, and says where a box is wrong")
  func broken() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let good = #"{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5, "segmentation": []}"#
    try Data("[\(good)]".utf8).write(to: URL(filePath: path))
    #expect(try DetectionRecord.read(path).count == 1)
    try Data(#"[\#(good), {"image_id": 1, "category_id": 2, "bbox": [], "score": 0.5}]"#.utf8)
      .write(to: URL(filePath: path))
    #expect(
      throws: COCOError.malformed(
        path: path, place: "[1].bbox", reason: "a box has 4 numbers, this one 0")
    ) { try DetectionRecord.read(path) }
  }

  @Test("says that a score which is no number cannot be written, and leaves no file")
  func unwritable() throws {
    let path = temporary()
    let error = #expect(throws: COCOError.self) {
      try DetectionRecord.write(
        [DetectionRecord(imageID: 1, categoryID: 1, box: [0, 0, 1, 1], score: .nan)], to: path)
    }
    guard case .unwritable(path, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("[0].score"))
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(throws: COCOError.self) { try DetectionRecord.write([], to: "/no/such/folder/results.json") }
  }
}
