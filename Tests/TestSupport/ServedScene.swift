import Embedded
import Foundation
import Testing

/// The network that services under test serve, and an image in which it detects a dog, a bicycle and a car, in this order.
///
/// With reference data these are COCO's YOLOX-Nano and a photograph, else the demo network and a drawn scene. What they
/// must detect was computed with the authors' code (Tests/Fixtures: Golden, Service).
package struct ServedScene: Sendable {
  package struct Found: Decodable, Sendable {
    package let label: String
    package let score: Double
    /// x1, y1, x2, y2 in pixels of the image.
    package let box: [Double]
  }

  /// An ONNX or a safetensors file.
  package let weights: [UInt8]
  package let image: URL
  /// `image/jpeg`
  package let mediaType: String
  /// Of the image, in pixels.
  package let (width, height): (Int, Int)
  /// Class indices of the dog, the bicycle and the car.
  package let classIDs: [Int]
  package let classCount: Int
  /// Height and width of the network's input.
  package let inputSide: Int
  /// By descending score.
  package let detections: [Found]

  package var imageBytes: [UInt8] { get throws { [UInt8](try Data(contentsOf: image)) } }
  package var dogBox: [Double] { detections.first?.box ?? [] }
  /// Rows of the raw predictions: one for each cell of the three feature maps.
  package var anchorCount: Int { [8, 16, 32].reduce(0) { $0 + (inputSide / $1) * (inputSide / $1) } }
  /// Columns of the raw predictions: box, objectness, classes.
  package var columnCount: Int { 5 + classCount }

  private static let photographFiles = ["weights/yolox_nano.onnx", "images/dog.jpg"]

  package static var current: ServedScene {
    get throws { try SharedData.has(photographFiles) ? photograph : drawing }
  }

  private struct Golden: Decodable {
    let detections: [Found]
  }

  private static var photograph: ServedScene {
    get throws {
      let golden = try JSONDecoder().decode(
        [String: Golden].self, from: Fixture.data("Golden/detections.json"))
      return ServedScene(
        weights: try SharedData.bytes("weights/yolox_nano.onnx"), image: SharedData.url("images/dog.jpg"),
        mediaType: "image/jpeg", width: 768, height: 576, classIDs: [16, 1, 2], classCount: 80,
        inputSide: 416,
        detections: try #require(golden["dog.jpg"]).detections)
    }
  }

  private static var drawing: ServedScene {
    get throws {
      let golden = try JSONDecoder().decode(Golden.self, from: Fixture.data("Service/scene.json"))
      return ServedScene(
        weights: try #require(Embedded.demoNetwork), image: Fixture.url("Service/scene.png"),
        mediaType: "image/png", width: 768, height: 576, classIDs: [6, 1, 2], classCount: 8, inputSide: 352,
        detections: golden.detections)
    }
  }
}
