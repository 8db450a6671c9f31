import Foundation
import Service
import Testing
import YOLOX

@Suite("DOODSRequest")
struct DOODSRequestTests {
  private struct Scene: Decodable {
    struct Found: Decodable {
      let top: Float
      let left: Float
      let bottom: Float
      let right: Float
      let label: String
      let confidence: Float
    }
    struct Left: Decodable, Equatable {
      let index: Int
      let region: String?
    }
    let detections: [Found]
    let left: [Left]
  }

  /// Made by Tests/Fixtures/Service/make.py with DOODS2's own code.
  private let scenes: [(scene: Scene, request: DOODSRequest)]

  init() throws {
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/Service")
    let data = try Data(contentsOf: fixtures.appending(path: "doods-filter.json"))
    let objects = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    let requests = try objects.map { object in
      try DOODSRequest(
        json: [UInt8](JSONSerialization.data(withJSONObject: try #require(object["request"]))))
    }
    scenes = Array(zip(try JSONDecoder().decode([Scene].self, from: data), requests))
  }

  @Test("selects the detections that DOODS2 selects, with the same regions")
  func filter() {
    for (index, (scene, request)) in scenes.enumerated() {
      let left = scene.detections.enumerated().compactMap { index, found -> Scene.Left? in
        let box = Box(x1: found.left, y1: found.top, x2: found.right, y2: found.bottom)
        let detection = Detection(classID: 0, score: found.confidence / 100, box: box)
        // Confidences are such that percent and back loses nothing.
        let answer = request.select(DOODSDetection(detection, label: found.label, width: 1, height: 1))
        return answer.map { Scene.Left(index: index, region: $0.regionID) }
      }
      #expect(left == scene.left, "scene \(index)")
    }
  }

  @Test("no threshold is below the lowest threshold")
  func lowestThreshold() {
    for (scene, request) in scenes {
      let kept = scene.left.map { scene.detections[$0.index].confidence / 100 }
      guard let lowest = kept.min() else { continue }
      #expect((request.lowestThreshold ?? 1) <= lowest)
    }
  }
}
