import COCO
import Foundation
import Testing

@Suite("Annotations with malformed records")
struct UsableRecordsTests {
  private func read(_ text: String) throws -> (annotations: Annotations, issues: [String]) {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).json")
    try Data(text.utf8).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    return try Annotations.readingUsableRecords(of: path.path)
  }

  @Test("each is left out with a line that names it, and the others are used")
  func leftOut() throws {
    let (annotations, issues) = try read(
      #"""
      {"images": [{"id": 1, "file_name": "NaN, \" and Infinity.png", "width": 9, "height": 9},
                  {"id": "two", "file_name": "b.png", "width": 9, "height": 9}],
       "categories": [{"id": 1, "name": "a"}, {"id": 2}],
       "annotations": [
         {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]},
         {"id": 2, "image_id": 1, "category_id": 1},
         {"id": 3, "image_id": 1, "category_id": 1, "bbox": []},
         {"id": 4, "image_id": 1, "category_id": 1, "bbox": [NaN, 1, -Infinity, 2]},
         {"id": "5", "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]},
         7,
         {"id": 8, "image_id": 1, "category_id": 1, "bbox": [1, 1, 3, 3]}]}
      """#)
    #expect(annotations.images.map(\.fileName) == ["NaN, \" and Infinity.png"])
    #expect(annotations.categories.map(\.name) == ["a"])
    #expect(annotations.objects.map(\.id) == [1, 8])
    #expect(issues.count == 7)
    for place in ["images[1]", "categories[1]"] + (1...5).map({ "annotations[\($0)]" }) {
      #expect(issues.contains { $0.hasPrefix(place + ": ") && $0.hasSuffix("left out") }, "\(place)")
    }
  }

  @Test("a file without the lists is rejected as before")
  func noLists() {
    #expect(throws: COCOError.self) { try read(#"{"images": []}"#) }
    #expect(throws: COCOError.self) { try read("[1, 2") }
  }
}
