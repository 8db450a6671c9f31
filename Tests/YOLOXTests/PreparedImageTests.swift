import Checkpoints
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

@Suite("Prepared images", .computing)
struct PreparedImageTests {
  private func picture(_ width: Int, _ height: Int, seed: UInt64) -> Image {
    var generator = SplitMix64(seed: seed)
    let pixels = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &generator) }
    return Image(width: width, height: height, pixels: pixels)
  }

  private func model() throws -> Model {
    try Model.random(.nano, inputSize: InputSize(height: 64, width: 96))
  }

  @Test(
    "decoding row by row gives the same input as decoding first", arguments: OutputFormat.allCases)
  func encoded(format: OutputFormat) throws {
    let model = try model()
    let bytes = try picture(150, 70, seed: 1).encoded(as: format)
    let prepared = try model.prepare(EncodedImage(bytes))
    let expected = try model.prepare(Image(decoding: bytes))
    #expect(prepared.pixels == expected.pixels && prepared.letterbox == expected.letterbox)
  }

  @Test("reused memory has no pixels of the earlier image, and is not in use elsewhere")
  func reuse() throws {
    let model = try model()
    let (wide, tall) = (picture(90, 10, seed: 2), picture(10, 90, seed: 3))
    let expected = try self.model().prepare(tall).pixels
    var first: PreparedImage? = model.prepare(wide)
    let kept = model.prepare(wide)
    #expect(first?.pixels == kept.pixels)
    first = nil
    #expect(model.prepare(tall).pixels == expected)
    #expect(try kept.pixels == self.model().prepare(wide).pixels)
  }

  @Test("a corrupt image is an error and does not affect the next one")
  func broken() throws {
    let model = try model()
    let bytes = try picture(50, 40, seed: 4).encoded(as: .png)
    #expect(throws: ImageError.self) { try model.prepare(EncodedImage(Array(bytes.prefix(bytes.count / 2)))) }
    let expected = try self.model().prepare(Image(decoding: bytes))
    #expect(try model.prepare(EncodedImage(bytes)).pixels == expected.pixels)
  }

  @Test(
    "boxes are in pixels of the original image at every decoding scale",
    arguments: [3, 5, 9])
  func wholePixels(factor: Int) throws {
    let scene = try ServedScene.current
    let weights = try PretrainedWeights(Checkpoint(scene.weights, path: "weights"))
    var predictor = Predictor(try Model(weights), pool: WorkerPool(threads: 2))
    let dog = try Image(decoding: scene.imageBytes)
    let expected = predictor.detect(dog, options: DetectionOptions(scoreThreshold: 0.5))
    #expect(expected.count >= 3)

    var large = Image(width: dog.width * factor, height: dog.height * factor)
    for y in 0..<large.height {
      for x in 0..<large.width { large[x, y] = dog[x / factor, y / factor] }
    }
    let encoded = try EncodedImage(large.encoded(as: .jpeg))
    let found = try predictor.detect(encoded, options: DetectionOptions(scoreThreshold: 0.3))
    for wanted in expected {
      let (scale, box) = (Float(factor), wanted.box)
      let scaled = Box(x1: box.x1 * scale, y1: box.y1 * scale, x2: box.x2 * scale, y2: box.y2 * scale)
      #expect(
        found.contains { $0.classID == wanted.classID && $0.box.iou(scaled) > 0.9 },
        "\(wanted) is not among \(found)")
    }
  }
}
