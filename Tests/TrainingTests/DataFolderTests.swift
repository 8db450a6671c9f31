import COCO
import Foundation
import TestSupport
import Testing
import Training

@Suite("Data folder")
struct DataFolderTests {
  @Test("a generated data set is found, read and without fault")
  func shapes() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "shapes-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var generator = ShapesGenerator()
    generator.side = 64
    try generator.write(train: 6, validation: 3, to: folder)
    for (split, count) in [(DataFolder.Split.train, 6), (.val, 3)] {
      let part = try #require(try DataFolder(folder).part(split))
      let dataset = DetectionDataset(
        annotations: try Annotations(contentsOf: part.annotations), images: part.images)
      #expect(dataset.entries.count == count)
      #expect(dataset.issues.isEmpty)
      #expect(dataset.labels == ["circle", "square", "triangle"])
      #expect(dataset.entries.allSatisfy { !$0.objects.isEmpty })
    }
  }

  @Test("COCO's own layout is found", .sharedData("coco/train2017", "coco/val2017"))
  func coco() throws {
    let coco = SharedData.url("coco").path
    #expect(
      try DataFolder(coco).part(.val)
        == DataFolder.Part(annotations: coco + "/instances_val2017.json", images: coco + "/val2017"))
  }

  @Test("annotations without images, and two of a kind, are rejected")
  func refusals() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "folder-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(try DataFolder(folder).part(.train) == nil)
    try Data("{}".utf8).write(to: URL(filePath: folder + "/train.json"))
    #expect(throws: TrainingError.self) { try DataFolder(folder).part(.train) }
    try FileManager.default.createDirectory(
      atPath: folder + "/images/train", withIntermediateDirectories: true)
    #expect(try DataFolder(folder).part(.train)?.images == folder + "/images/train")
    try Data("{}".utf8).write(to: URL(filePath: folder + "/instances_train2017.json"))
    #expect(throws: TrainingError.self) { try DataFolder(folder).part(.train) }
  }
}
