import Imaging
import TestSupport
import Testing

@Suite("Letterbox")
struct LetterboxTests {
  private func apply(_ picture: Image, width: Int, height: Int, _ preprocessing: Preprocessing) -> [Float] {
    let letterbox = Letterbox(
      imageWidth: picture.width, imageHeight: picture.height, inputWidth: width, inputHeight: height)
    var planes = [Float](repeating: -1, count: 3 * width * height)
    var span = planes.mutableSpan
    letterbox.apply(to: picture, preprocessing: preprocessing, into: &span)
    return planes
  }

  private func picture(_ width: Int, _ height: Int) throws -> Image {
    Image(width: width, height: height, pixels: try fixture("picture-\(width)x\(height).rgb"))
  }

  @Test(
    "is within 2 levels of OpenCV, up and down, square and not",
    arguments: [
      [29, 17, 64, 64], [61, 47, 32, 32], [61, 47, 32, 64], [40, 24, 96, 32], [64, 64, 64, 64],
      [100, 8, 32, 32],
    ])
  func openCV(size: [Int]) throws {
    let planes = apply(try picture(size[0], size[1]), width: size[2], height: size[3], .standard)
    let expected = try fixture("letterbox-\(size[0])x\(size[1])-\(size[2])x\(size[3]).bgr").map(Float.init)
    expectClose(planes, expected, within: 2, "letterbox \(size)")
    let different = zip(planes, expected).count { $0 != $1 }
    #expect(different < planes.count / 20, "\(different) of \(planes.count) numbers differ")
  }

  @Test("legacy preprocessing is the authors': RGB, 0...1, ImageNet's mean and deviation, padding too")
  func legacy() throws {
    let image = try picture(40, 24)
    let standard = apply(image, width: 64, height: 64, .standard)
    let legacy = apply(image, width: 64, height: 64, .legacy)
    let plane = 64 * 64
    for (channel, (mean, deviation)) in [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)].enumerated() {
      // BGR against RGB.
      let levels = standard[(2 - channel) * plane..<(3 - channel) * plane]
      let expected = levels.map { ($0 / 255 - Float(mean)) / Float(deviation) }
      expectClose(
        Array(legacy[channel * plane..<(channel + 1) * plane]), expected, within: 1e-5, "plane \(channel)")
    }
  }

  @Test("boxes find the way back, clipped to the picture")
  func toImage() {
    let letterbox = Letterbox(imageWidth: 768, imageHeight: 576, inputWidth: 416, inputHeight: 416)
    #expect(letterbox.resizedWidth == 416 && letterbox.resizedHeight == 312)
    let box = letterbox.toImage(x1: 41.6, y1: 31.2, x2: 1000, y2: -5)
    #expect(abs(box.x1 - 76.8) < 1e-3 && abs(box.y1 - 57.6) < 1e-3 && box.x2 == 768 && box.y2 == 0)
  }
}
