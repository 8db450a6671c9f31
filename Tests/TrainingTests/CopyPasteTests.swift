import Foundation
import Imaging
import TestSupport
import Testing
import Training

@Suite("Copy-paste")
struct CopyPasteTests {
  @Test("a row of a segmentation: a triangle, and a square with a hole")
  func rows() {
    let triangle = Segmentation(polygons: [[0, 0, 8, 0, 0, 8]])
    #expect(
      (0..<9).map { triangle.columns(inRow: $0, width: 20).map(\.count) } == [
        [7], [6], [5], [4], [3], [2], [1], [], [],
      ])
    let ring = Segmentation(polygons: [[0, 0, 10, 0, 10, 10, 0, 10], [3, 3, 7, 3, 7, 7, 3, 7]])
    #expect(ring.columns(inRow: 5, width: 20) == [0..<3, 7..<10])
    #expect(ring.columns(inRow: 5, width: 8) == [0..<3, 7..<8])
    #expect(ring.columns(inRow: 12, width: 20) == [])
  }

  @Test("an object is pasted with only its own pixels, unless it would cover another")
  func paste() {
    let segmentation = Segmentation(polygons: [[4, 4, 12, 4, 12, 12, 4, 12]])
    let donor = Sample(
      image: Image(width: 16, height: 16, gray: 200),
      objects: [.init(x1: 4, y1: 4, x2: 12, y2: 12, classIndex: 1, segmentation: segmentation)])
    let empty = Sample(image: Image(width: 16, height: 16, gray: 10), objects: [])
    var random = RandomSource(1)
    let result = empty.pasted(from: donor, probability: 1, random: &random)
    #expect(result.objects.map(\.classIndex) == [1])
    #expect(result.image[4, 4].red == 200 && result.image[11, 11].red == 200)
    #expect(result.image[3, 4].red == 10 && result.image[12, 11].red == 10)
    #expect(empty.pasted(from: donor, probability: 0, random: &random).objects.isEmpty)

    let taken = Sample(
      image: empty.image, objects: [.init(x1: 5, y1: 5, x2: 11, y2: 11, classIndex: 0)])
    #expect(taken.pasted(from: donor, probability: 1, random: &random).image == taken.image)
  }

  @Test(
    "the segmentations of COCO's file lie in their objects' boxes",
    .sharedData("coco/instances_train2017.json"))
  func coco() throws {
    let path = SharedData.url("coco/instances_train2017.json").path
    let segmentations = try Segmentation.read(path)
    try #require(segmentations.count > 100)
    struct File: Decodable {
      struct Object: Decodable {
        let id: Int
        let bbox: [Float]
      }
      let annotations: [Object]
    }
    let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: path)))
    for object in file.annotations {
      guard let segmentation = segmentations[object.id] else { continue }
      let xs = segmentation.polygons.flatMap { polygon in
        stride(from: 0, to: polygon.count, by: 2).map { polygon[$0] }
      }
      #expect(
        abs((xs.min() ?? 0) - object.bbox[0]) < 1.5
          && abs((xs.max() ?? 0) - object.bbox[0] - object.bbox[2]) < 1.5)
    }
  }
}
