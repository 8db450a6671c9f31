import COCO
import Foundation
import TestSupport
import Testing

@Suite("Annotations")
struct AnnotationsTests {
  private func read(_ text: String) throws(COCOError) -> Annotations {
    let url = FileManager.default.temporaryDirectory.appending(path: "coco-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: url) }
    #expect(throws: Never.self) { try Data(text.utf8).write(to: url) }
    return try Annotations(contentsOf: url.path)
  }

  private func file(_ objects: String) -> String {
    """
    {"info": {"year": 2017}, "licenses": [],
     "images": [{"id": 7, "file_name": "a.jpg", "width": 100, "height": 50, "flickr_url": "none"}],
     "categories": [{"id": 90, "name": "toothbrush", "supercategory": "indoor"}, {"id": 1, "name": "person"},
                    {"id": 13, "name": "stop sign"}],
     "annotations": [\(objects)]}
    """
  }

  @Test("reads objects with outlines, crowds with run lengths, and what is left unsaid")
  func reads() throws {
    let annotations = try read(
      file(
        """
        {"id": 1, "image_id": 7, "category_id": 13, "bbox": [1, 2.5, 10, 20], "area": 120.5, "iscrowd": 0,
         "segmentation": [[1, 2, 3, 4, 5, 6]]},
        {"id": 2, "image_id": 7, "category_id": 1, "bbox": [0, 0, 100, 50], "area": 4000, "iscrowd": 1,
         "segmentation": {"counts": [1, 2], "size": [50, 100]}},
        {"id": 3, "image_id": 7, "category_id": 90, "bbox": [4, 4, 5, 6]},
        {"id": 4, "image_id": 7, "category_id": 90, "bbox": [4, 4, 5, 6], "iscrowd": true}
        """))
    #expect(annotations.images == [.init(id: 7, fileName: "a.jpg", width: 100, height: 50)])
    #expect(
      annotations.objects == [
        .init(id: 1, imageID: 7, categoryID: 13, box: [1, 2.5, 10, 20], area: 120.5),
        .init(id: 2, imageID: 7, categoryID: 1, box: [0, 0, 100, 50], area: 4000, isCrowd: true),
        .init(id: 3, imageID: 7, categoryID: 90, box: [4, 4, 5, 6], area: 30),
        .init(id: 4, imageID: 7, categoryID: 90, box: [4, 4, 5, 6], area: 30, isCrowd: true),
      ])
  }

  @Test("numbers the classes by rising category id")
  func classes() throws {
    let annotations = try read(file(""))
    #expect(annotations.categoryIDs == [1, 13, 90])
    #expect(annotations.classIndices == [1: 0, 13: 1, 90: 2])
    #expect(annotations.labels == ["person", "stop sign", "toothbrush"])
  }

  @Test(
    "says where a file is wrong",
    arguments: [
      (#"{"id": 1, "image_id": 7, "category_id": 1}"#, "annotations[0].bbox"),
      (#"{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3]}"#, "annotations[0].bbox"),
      (#"{"id": 1, "image_id": "7", "category_id": 1, "bbox": [1, 2, 3, 4]}"#, "annotations[0].image_id"),
      (#"{"id": 1, "image_id": 7, "category_id": null, "bbox": [1, 2, 3, 4]}"#, "annotations[0].category_id"),
      (
        #"{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": "no"}"#,
        "annotations[0].iscrowd"
      ),
      (#"{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, "3", 4]}"#, "annotations[0].bbox[2]"),
      (#"{"id": 1, "image_id": 7"#, ""),
      (#"{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, NaN, 4]}"#, ""),
    ])
  func malformed(object: String, expected: String) throws {
    let error = #expect(throws: COCOError.self) { try read(file(object)) }
    guard case .malformed(_, let place, let reason) = error else {
      Issue.record("\(String(describing: error)) is not about what the file says")
      return
    }
    #expect(place == expected && !reason.isEmpty && !reason.contains("\n"))
  }

  @Test("says that a file is not there")
  func missing() {
    #expect(throws: COCOError.unreadable(path: "/no/such.json", reason: "no such file")) {
      try Annotations(contentsOf: "/no/such.json")
    }
  }

  @Test("survives files cut off anywhere")
  func truncated() throws {
    let whole = file(#"{"id": 1, "image_id": 7, "category_id": 13, "bbox": [1, 2.5, 10, 20], "iscrowd": 0}"#)
    for length in stride(from: 0, to: whole.count - 1, by: 7) {
      #expect(throws: COCOError.self) { try read(String(whole.prefix(length))) }
    }
  }
}
