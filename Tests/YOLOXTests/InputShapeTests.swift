import Engine
import Imaging
import TestSupport
import Testing
import YOLOX

@Suite("Input that fits the image", .computing)
struct InputShapeTests {
  private func noise(_ width: Int, _ height: Int) -> Image {
    var generator = SplitMix64(seed: UInt64(width * 1000 + height))
    let pixels = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &generator) }
    return Image(width: width, height: height, pixels: pixels)
  }

  private func fitted(_ size: InputSize = InputSize(height: 96, width: 96)) throws -> Model {
    var model = try Model.random(.nano, inputSize: size)
    model.inputShape = .fit
    return model
  }

  private let everything = DetectionOptions(scoreThreshold: 0, keepsPredictions: true)

  @Test(
    "the input is the smallest multiple of 32 that holds the scaled image, at the scale of the whole input",
    arguments: [
      (96, 96, 96, 96), (192, 96, 96, 64), (96, 192, 64, 96), (1000, 10, 96, 32), (10, 1000, 32, 96),
      (768, 512, 96, 64), (769, 512, 96, 64), (756, 512, 96, 96), (1, 1, 96, 96), (4000, 1, 96, 32),
    ])
  func size(imageWidth: Int, imageHeight: Int, width: Int, height: Int) throws {
    let whole = Letterbox(imageWidth: imageWidth, imageHeight: imageHeight, inputWidth: 96, inputHeight: 96)
    let box = try fitted().prepare(Image(width: imageWidth, height: imageHeight, gray: 9)).letterbox
    #expect(box.inputWidth == width && box.inputHeight == height)
    #expect(box.scale == whole.scale)
    #expect(box.resizedWidth == whole.resizedWidth && box.resizedHeight == whole.resizedHeight)
  }

  @Test("predictions equal those of a model of that size, and of the whole size for a square image")
  func predictions() throws {
    let model = try fitted()
    let pool = WorkerPool(threads: 2)
    var predictor = Predictor(model, pool: pool)
    for (image, height, width) in [(noise(90, 50), 64, 96), (noise(90, 90), 96, 96), (noise(20, 96), 96, 32)]
    {
      var direct = Predictor(
        try Model.random(.nano, inputSize: InputSize(height: height, width: width)), pool: pool)
      let expected = direct.detect(
        [(model.prepare(image), everything)].map { _, options in
          (direct.model.prepare(planes: model.prepare(image).pixels.values), options)
        })[0].predictions
      let actual = predictor.detect([(model.prepare(image), everything)])[0].predictions
      expectClose(
        try #require(actual).values, try #require(expected).values, within: 1e-4, "\(height)x\(width)")
    }
  }

  @Test("images of several shapes in one batch give what each gives alone, to the bit")
  func mixedBatch() throws {
    let model = try fitted()
    let images = [noise(90, 50), noise(50, 90), noise(96, 96), noise(88, 48), noise(96, 20)].map {
      model.prepare($0)
    }
    var together = Predictor(model, capacity: 5, pool: WorkerPool(threads: 2))
    for _ in 0..<2 {
      let found = together.detect(images.map { ($0, everything) })
      for (image, prediction) in zip(images, found) {
        var alone = Predictor(model, pool: WorkerPool(threads: 1))
        #expect(alone.detect([(image, everything)])[0].predictions == prediction.predictions)
        #expect(alone.detect([(image, everything)])[0].detections == prediction.detections)
      }
    }
  }

  @Test("more shapes than plans are kept")
  func manyShapes() throws {
    let model = try fitted(InputSize(height: 32, width: 1024))
    var predictor = Predictor(model, pool: WorkerPool(threads: 1))
    let widths = Array(1...32) + [1]
    let images = widths.map { model.prepare(noise($0 * 32, 32)) }
    let found = predictor.detect([(images[0], everything)])[0].predictions
    for image in images { _ = predictor.detect([(image, everything)]) }
    #expect(predictor.detect([(images[32], everything)])[0].predictions == found)
  }
}
