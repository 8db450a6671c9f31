import COCO
import Foundation
import Imaging
import TestSupport
import Testing
import Training
import YOLOX

/// Labels that are wrong in a known way, beside detections that are right.
@Suite("Label audit")
struct LabelAuditTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID().uuidString)")
    .path

  private func detection(_ x: Float, _ y: Float, _ classID: Int, _ score: Float) -> Detection {
    Detection(classID: classID, score: score, box: Box(x1: x, y1: y, x2: x + 20, y2: y + 20))
  }

  /// Four images of which the first has right labels.
  private func dataset() throws -> DetectionDataset {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for id in 1...4 {
      try Data(Image(width: 200, height: 100, gray: 90).encoded(as: .png)).write(
        to: URL(filePath: folder + "/\(id).png"))
    }
    func label(_ id: Int, _ image: Int, _ category: Int, _ x: Double, isCrowd: Bool = false)
      -> Annotations.Object
    {
      .init(
        id: id, imageID: image, categoryID: category, box: [x, 10, isCrowd ? 100 : 20, isCrowd ? 80 : 20],
        isCrowd: isCrowd)
    }
    return DetectionDataset(
      annotations: Annotations(
        images: (1...4).map { .init(id: $0, fileName: "\($0).png", width: 200, height: 100) },
        categories: [.init(id: 3, name: "Fußgänger"), .init(id: 9, name: "машина")],
        objects: [
          label(1, 1, 3, 10), label(2, 1, 9, 60),
          // The second of two cars is labelled as a person, the third is not labelled.
          label(3, 2, 9, 10), label(4, 2, 3, 60),
          // A box beside its object, and a label where nothing is.
          label(5, 3, 3, 10), label(6, 3, 9, 150),
          // A crowd.
          label(7, 4, 3, 100, isCrowd: true),
        ]), images: folder)
  }

  private var detections: [[Detection]] {
    [
      [detection(11, 10, 0, 0.9), detection(60, 11, 1, 0.8)],
      [detection(10, 10, 1, 0.9), detection(60, 10, 1, 0.95), detection(120, 10, 1, 0.9)],
      [detection(22, 10, 0, 0.9)],
      [detection(120, 30, 0, 0.9)],
    ]
  }

  @Test("wrong classes, shifted boxes, missing and surplus labels are found; right labels and crowds are not")
  func findings() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let audit = LabelAudit(try dataset(), detections: detections)
    #expect(audit.images.map(\.index) == [1, 2])
    #expect(audit.images[0].findings.map(\.issue) == [.otherClass, .unlabelled])
    #expect(audit.images[0].findings[0].object?.x1 == 60)
    #expect(audit.images[0].findings[1].detection?.box.x1 == 120)
    #expect(audit.images[1].findings.map(\.issue) == [.otherBox, .notFound])
    #expect(audit.images[1].findings[1].object?.x1 == 150)
  }

  @Test("the COCO file has the labels and the findings with their reasons, and is read again")
  func file() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let dataset = try dataset()
    let audit = LabelAudit(dataset, detections: detections)
    try audit.write(dataset, to: folder + "/instances.json")
    let annotations = try Annotations(contentsOf: folder + "/instances.json")
    #expect(annotations.images.map(\.id) == [2, 3])
    #expect(annotations.categories.map(\.id) == [3, 9])
    #expect(annotations.objects.map(\.imageID) == [2, 2, 2, 2, 3, 3, 3, 3])
    // The proposed class, not the label's.
    #expect(annotations.objects[2].categoryID == 9 && annotations.objects[2].box == [60, 10, 20, 20])
    let text = try String(contentsOfFile: folder + "/instances.json", encoding: .utf8)
    #expect(text.contains(#""attributes":{"audit":"other class","score":"0.95","suspicion":"0.95"}"#))
  }

  @Test("drawn findings have a colour for each kind, and captions that count them")
  func drawn() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let dataset = try dataset()
    let images = LabelAudit(dataset, detections: detections).drawn(dataset, count: 9)
    #expect(images.map(\.name) == ["2.png", "3.png"])
    #expect(images.map(\.caption) == ["1 not labelled, 1 other class", "1 other box, 1 not found"])
    // The middle of the left edge of the box that is not labelled.
    #expect(images[0].image[120, 20] == (0xFC, 0x44, 0x4A))
  }

  @Test("images with uncertain detections come before those with sure ones and those with none")
  func labellingOrder() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let order = LabellingOrder(detections: [
      [], [detection(0, 0, 0, 0.99)], [detection(0, 0, 0, 0.5), detection(50, 0, 1, 0.4)],
      [detection(0, 0, 0, 0.05)],
    ])
    #expect(order.images.map(\.index) == [2, 1, 0, 3])
    #expect(abs(order.images[0].uncertainty - 1.8) < 1e-5)
    let dataset = try dataset()
    try order.write(dataset, count: 2, to: folder + "/instances.json")
    let annotations = try Annotations(contentsOf: folder + "/instances.json")
    #expect(annotations.images.map(\.id) == [3, 2])
    #expect(annotations.objects.map(\.imageID) == [3, 3, 2])
  }

  @Test("a folder of images is read with its subfolders; what is no image is named and left out")
  func unlabelled() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try dataset()
    try FileManager.default.createDirectory(atPath: folder + "/more", withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: folder + "/4.png", toPath: folder + "/more/4.png")
    try Data("text".utf8).write(to: URL(filePath: folder + "/broken.jpg"))
    try Data("text".utf8).write(to: URL(filePath: folder + "/notes.txt"))
    let dataset = try DetectionDataset(unlabelled: folder, labels: ["a", "b"])
    #expect(
      dataset.entries.map(\.path).map { $0.dropFirst(folder.count) } == [
        "/1.png", "/2.png", "/3.png", "/more/4.png",
      ])
    #expect(dataset.issues.count == 1 && dataset.issues[0].contains("broken.jpg"))
    #expect(dataset.labels == ["a", "b"])
    #expect(throws: TrainingError.self) {
      try DetectionDataset(unlabelled: folder + "/none", labels: ["a"])
    }
  }
}
