import COCO
import Foundation
import Imaging
import Testing
import Training

@Suite("Drawn scenes")
struct SceneTests {
  private let composer = SceneComposer()

  /// FNV-1a, 64 bits.
  private func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  @Test("seed and index determine every bit of a scene")
  func deterministic() {
    let hashes = (0..<4).map { hash(composer.scene(seed: 0, split: 0, index: $0).image.pixels) }
    #expect(
      hashes == [
        18_231_268_851_875_697_650, 12_458_429_910_610_837_319, 15_983_035_822_887_370_304,
        2_865_482_118_697_867_700,
      ])
    let others = [(1, 0, 0), (0, 1, 0)].map { seed, split, index in
      hash(composer.scene(seed: UInt64(seed), split: split, index: index).image.pixels)
    }
    #expect(Set(hashes + others).count == 6)
  }

  @Test("boxes are the extent of the visible pixels, counted again from the mask, and lie inside the image")
  func boxes() throws {
    for index in 0..<60 {
      let scene = composer.scene(seed: 3, split: 0, index: index)
      let (width, height) = (scene.image.width, scene.image.height)
      #expect(scene.owners.count == width * height)
      for object in scene.objects {
        let pixels = scene.owners.indices.filter { scene.owners[$0] == object.number }
        let (columns, rows) = (pixels.map { $0 % width }, pixels.map { $0 / width })
        let (left, right) = (try #require(columns.min()), try #require(columns.max()))
        let (top, bottom) = (try #require(rows.min()), try #require(rows.max()))
        #expect(object.box == [left, top, right - left + 1, bottom - top + 1])
        #expect(object.area == pixels.count)
        #expect(object.box[0] >= 0 && object.box[0] + object.box[2] <= width)
        #expect(object.box[1] >= 0 && object.box[1] + object.box[3] <= height)
      }
    }
  }

  @Test("every class appears, as do scenes without objects, parts of objects and hidden objects")
  func variety() {
    var counts: [SceneCategory: Int] = [:]
    var (empty, cut, hidden) = (0, 0, 0)
    for index in 0..<120 {
      let scene = composer.scene(seed: 4, split: 0, index: index)
      for object in scene.objects {
        counts[object.category, default: 0] += 1
        if object.box[0] == 0 || object.box[0] + object.box[2] == scene.image.width { cut += 1 }
      }
      if scene.objects.isEmpty { empty += 1 }
      let annotated = Set(scene.objects.map(\.number))
      if !Set(scene.owners).subtracting([0]).isSubset(of: annotated) { hidden += 1 }
    }
    for category in SceneCategory.allCases { #expect(counts[category] ?? 0 > 15, "\(category)") }
    #expect(empty > 1 && empty < 24)
    #expect(cut > 15)
    #expect(hidden > 1)
  }

  @Test("scenes of a given size have as many objects as asked, within the given sizes")
  func smallObjects() {
    var composer = SceneComposer()
    composer.size = (640, 360)
    composer.maxObjects = 30
    composer.objectSizes = 16...48
    var counts: [Int] = []
    for index in 0..<6 {
      let scene = composer.scene(seed: 6, split: 0, index: index)
      #expect(scene.image.width == 640 && scene.image.height == 360)
      // What is turned or stretched is a little larger.
      #expect(scene.objects.allSatisfy { max($0.box[2], $0.box[3]) <= 90 })
      counts.append(scene.objects.count)
    }
    #expect(counts.allSatisfy { $0 <= 30 } && counts.contains { $0 > 8 }, "\(counts)")
  }

  @Test("a data set of scenes is COCO's format with COCO's names and ids, and without fault")
  func dataSet() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scenes-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var generator = ScenesGenerator()
    generator.seed = 5
    try generator.write(train: 8, validation: 3, to: folder)
    for (split, count) in [(DataFolder.Split.train, 8), (.val, 3)] {
      let part = try #require(try DataFolder(folder).part(split))
      let dataset = DetectionDataset(
        annotations: try Annotations(contentsOf: part.annotations), images: part.images)
      #expect(dataset.entries.count == count)
      #expect(dataset.issues.isEmpty)
      #expect(
        dataset.labels == ["person", "bicycle", "car", "bus", "traffic light", "stop sign", "dog", "clock"])
      #expect(dataset.annotations.categoryIDs == [1, 2, 3, 6, 10, 13, 18, 85])
      for (index, image) in dataset.annotations.images.enumerated() {
        let decoded = try dataset.image(index)
        #expect(decoded.width == image.width && decoded.height == image.height)
      }
    }
  }
}
