import COCO
import Foundation
import Imaging
import Testing
import Training

/// Layouts in which data sets are exported by labelling tools, found without converting.
@Suite("Layouts of data folders")
struct LayoutTests {
  private func folder(_ files: [String: Data]) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "layout-\(UUID().uuidString)").path
    for (name, content) in files {
      let url = URL(filePath: folder + "/" + name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try content.write(to: url)
    }
    return folder
  }

  private var image: Data { get throws { Data(try Image(width: 100, height: 50).encoded(as: .png)) } }
  private func text(_ text: String) -> Data { Data(text.utf8) }

  private func check(_ files: [String: Data], labels: [String], box: [Double], hasValidation: Bool = true)
    throws
  {
    let path = try folder(files)
    defer { try? FileManager.default.removeItem(atPath: path) }
    for split in DataFolder.Split.allCases {
      guard let source = try DataFolder(path).source(split, segmentations: true) else {
        #expect(split == .val && !hasValidation)
        continue
      }
      #expect(split == .train || hasValidation)
      let dataset = source.dataset
      #expect(dataset.issues.isEmpty, "\(dataset.issues)")
      #expect(dataset.labels == labels)
      #expect(dataset.entries.count == 1)
      #expect(dataset.annotations.objects.map(\.box) == [box])
    }
  }

  private func coco(_ name: String, categories: String = #"[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]"#)
    -> Data
  {
    text(
      #"{"images": [{"id": 1, "file_name": "\#(name)", "width": 100, "height": 50}], "categories": \#(categories), "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [10, 5, 20, 10]}]}"#
    )
  }

  @Test("Roboflow's COCO export: a file among the images, and a group that is no class")
  func roboflowCOCO() throws {
    let file = coco(
      "1.png",
      categories:
        #"[{"id": 0, "name": "all", "supercategory": "none"}, {"id": 1, "name": "a", "supercategory": "all"}, {"id": 2, "name": "b", "supercategory": "all"}]"#
    )
    try check(
      [
        "train/_annotations.coco.json": file, "train/1.png": try image,
        "valid/_annotations.coco.json": file, "valid/1.png": try image, "README.txt": text("x"),
      ], labels: ["a", "b"], box: [10, 5, 20, 10])
  }

  @Test("CVAT's export, which has no validation part")
  func cvat() throws {
    try check(
      ["annotations/instances_default.json": coco("1.png"), "images/1.png": try image], labels: ["a", "b"],
      box: [10, 5, 20, 10], hasValidation: false)
  }

  @Test(
    "data.yaml of Roboflow and of Ultralytics",
    arguments: [
      "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 2\nnames: ['a', 'b']\n",
      "path: . # here\ntrain: train/images\nval: valid/images\nnames:\n  0: a\n  1: \"b\"  # second\n",
      "train: train\nval: valid\nnames:\n- a\n- b\n",
      "train: ./train/images\nvalid: ./valid/images\nnames: {0: a,\n  1: b}\n",
    ])
  func yaml(description: String) throws {
    try check(
      [
        "data.yaml": text(description), "train/images/1.png": try image,
        "train/labels/1.txt": text("1 0.2 0.2 0.2 0.2\n"), "valid/images/2.png": try image,
        "valid/labels/2.txt": text("1 0.1 0.1 0.3 0.1 0.3 0.3 0.1 0.3\n"),
      ], labels: ["a", "b"], box: [10, 5, 20, 10])
  }

  @Test("a polygon line is an outline, too")
  func polygon() throws {
    let path = try folder([
      "data.yaml": text("train: images/train\nnames: [a]\n"), "images/train/1.png": try image,
      "labels/train/1.txt": text("0 0.1 0.1 0.3 0.1 0.3 0.3\n"),
    ])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let source = try #require(try DataFolder(path).source(.train))
    #expect(source.segmentations == [1: Segmentation(polygons: [[10, 5, 30, 5, 30, 15]])])
    #expect(try DataFolder(path).source(.val) == nil)
  }

  @Test(
    "a description that is not understood is rejected with what is wrong",
    arguments: [
      ("train: a\n", "names"), ("names: [a, b]\nnc: 3\ntrain: a\n", "nc is 3"),
      ("names:\n  0: a\n  2: b\ntrain: a\n", "numbered"), ("names: [a]\n", "'train'"),
      ("names: [a]\ntrain: [x, y]\n", "list"), ("names: [a]\ntrain: absent\n", "absent"),
      ("names: []\n", "empty"),
    ])
  func malformed(description: String, fact: String) throws {
    let path = try folder(["data.yaml": text(description)])
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect {
      try DataFolder(path).source(.train)
    } throws: {
      "\($0)".contains(fact)
    }
  }

  private func voc(_ name: String) -> Data {
    text(
      """
      <annotation><filename>\(name)</filename><size><width>100</width><height>50</height></size>
      <object><name>b</name><bndbox><xmin>11</xmin><ymin>6</ymin><xmax>30</xmax><ymax>15</ymax></bndbox></object>
      </annotation>
      """)
  }

  @Test("VOC's folders, and Roboflow's with XML files among the images; one list of classes for both parts")
  func vocFolders() throws {
    try check(
      [
        "Annotations/1.xml": voc("1.png"), "Annotations/2.xml": voc("renamed.jpg"),
        "JPEGImages/1.png": try image, "JPEGImages/2.png": try image,
        "ImageSets/Main/train.txt": text("1\n"), "ImageSets/Main/val.txt": text("2\n"),
      ], labels: ["b"], box: [10, 5, 20, 10])
    try check(
      [
        "train/1.xml": voc("1.png"), "train/1.png": try image, "valid/2.xml": voc("2.png"),
        "valid/2.png": try image,
      ], labels: ["b"], box: [10, 5, 20, 10])
  }

  @Test("a folder in no known layout is not a data set")
  func unknown() throws {
    let path = try folder(["photos/1.png": try image])
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try DataFolder(path).source(.train) == nil)
  }
}
