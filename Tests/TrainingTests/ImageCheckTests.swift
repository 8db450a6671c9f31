import COCO
import Foundation
import Imaging
import TestSupport
import Testing
import Training

/// Files that contradict their annotations, and files that cannot be read.
@Suite("Images of a data set")
struct ImageCheckTests {
  private func folder(_ files: [String: Data]) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "images-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, content) in files { try content.write(to: URL(filePath: folder + "/" + name)) }
    return folder
  }

  private func png(_ width: Int, _ height: Int) throws -> Data {
    Data(try Image(width: width, height: height, gray: 90).encoded(as: .png))
  }

  /// A JPEG with an APP1 segment that says how the camera was held.
  private func jpeg(_ width: Int, _ height: Int, orientation: UInt8) throws -> Data {
    let bytes = try Image(width: width, height: height, gray: 90).encoded(as: .jpeg)
    let exif: [UInt8] =
      Array("Exif\0\0II".utf8) + [
        42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0,
      ]
      + [0, 0, 0, 0]
    return Data(bytes.prefix(2) + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + bytes.dropFirst(2))
  }

  private func annotations(
    _ images: [(name: String, width: Int, height: Int)], box: [Double]
  ) -> Annotations {
    Annotations(
      images: images.enumerated().map {
        .init(id: $0 + 1, fileName: $1.name, width: $1.width, height: $1.height)
      }, categories: [.init(id: 1, name: "thing")],
      objects: images.indices.map { .init(id: $0 + 1, imageID: $0 + 1, categoryID: 1, box: box) })
  }

  @Test("boxes for a resized copy are scaled, where they were trained on at twice the scale")
  func resized() throws {
    let path = try folder([
      "half.png": try png(50, 40), "same.png": try png(100, 80), "odd.png": try png(50, 50),
    ])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let dataset = DetectionDataset(
      annotations: annotations(
        [("half.png", 100, 80), ("same.png", 100, 80), ("odd.png", 100, 80)], box: [20, 10, 40, 60]),
      images: path)
    #expect(dataset.annotations.objects.map(\.box) == [[10, 5, 20, 30], [20, 10, 40, 60]])
    #expect(dataset.annotations.objects.map(\.area) == [600, 2400])
    #expect(dataset.annotations.images.map(\.width) == [50, 100])
    #expect(dataset.entries[0].objects[0].x2 == 30)
    #expect(dataset.issues.contains { $0.contains("half.png") && $0.contains("boxes scaled") })
    #expect(
      dataset.issues.contains { $0.contains("odd.png") && $0.contains("50x50") && $0.contains("left out") })
  }

  /// The corner marked in the stored image has to be inside the turned box.
  @Test("boxes for the stored orientation are turned like the image", arguments: [5, 6, 7, 8] as [UInt8])
  func turned(orientation: UInt8) throws {
    let path = try folder(["turned.jpg": try jpeg(96, 64, orientation: orientation)])
    defer { try? FileManager.default.removeItem(atPath: path) }
    // The reader turns this image of one white block; the box around it is turned by the data set.
    var image = Image(width: 96, height: 64)
    for y in 0..<16 { for x in 0..<32 { image[x, y] = (255, 255, 255) } }
    let upright = image.oriented(try #require(Orientation(rawValue: Int(orientation))))
    #expect((upright.width, upright.height) == (64, 96))
    let dataset = DetectionDataset(
      annotations: annotations([("turned.jpg", 96, 64)], box: [0, 0, 32, 16]), images: path)
    let object = try #require(dataset.entries.first?.objects.first)
    #expect((object.x2 - object.x1, object.y2 - object.y1) == (16, 32))
    for (x, y) in [(object.x1, object.y1), (object.x2 - 1, object.y2 - 1)] {
      #expect(upright[Int(x), Int(y)].red == 255)
    }
    #expect(dataset.issues.count == 1 && dataset.issues[0].contains("EXIF"))
  }

  @Test(
    "unreadable files and names that lead out of the folder are left out at the start, each with its line")
  func unreadable() throws {
    let path = try folder([
      "good.png": try png(32, 32), "text.jpg": Data("not an image".utf8), "empty.png": Data(),
    ])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let dataset = DetectionDataset(
      annotations: annotations(
        [("good.png", 32, 32), ("text.jpg", 32, 32), ("empty.png", 32, 32), ("../good.png", 32, 32)],
        box: [1, 1, 9, 9]), images: path)
    #expect(dataset.entries.count == 1 && dataset.annotations.objects.count == 1)
    #expect(dataset.issues.count == 3)
    for name in ["text.jpg", "empty.png", "../good.png"] {
      #expect(dataset.issues.contains { $0.contains(name) && $0.contains("left out") }, "\(name)")
    }
  }

  @Test("an image that breaks after its header is replaced by the next one and named once")
  func brokenLater() throws {
    let whole = try png(32, 32)
    let path = try folder(["a.png": whole.prefix(45), "b.png": whole])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let dataset = DetectionDataset(
      annotations: annotations([("a.png", 32, 32), ("b.png", 32, 32)], box: [1, 1, 9, 9]), images: path)
    guard dataset.entries.count == 2 else { return }  // a decoder that checks more finds it at the start
    #expect(try dataset.sample(0, side: 32).image == dataset.sample(1, side: 32).image)
    _ = try dataset.sample(0, side: 32)
    let lines = dataset.takeDamageReports()
    #expect(lines.count == 1 && lines[0].contains("a.png"))
    #expect(dataset.damagedImageIDs == [1])
    // Its object is not counted as missed.
    let found = Summary(
      Evaluation(dataset: dataset).accumulated([[], []])
    ).perClass[0].objectCount
    #expect(found == 1)
  }

  @Test("a changed box, file or class gives another fingerprint; another place does not")
  func fingerprint() throws {
    let files = ["a.png": try png(32, 32)]
    let (first, second) = (try folder(files), try folder(files))
    defer { for path in [first, second] { try? FileManager.default.removeItem(atPath: path) } }
    func print(_ path: String, _ box: [Double]) -> UInt64 {
      DetectionDataset(annotations: annotations([("a.png", 32, 32)], box: box), images: path).fingerprint
    }
    #expect(print(first, [1, 1, 9, 9]) == print(second, [1, 1, 9, 9]))
    #expect(print(first, [1, 1, 9, 9]) != print(first, [1, 1, 9, 8]))
  }
}
