import Foundation
import Imaging
import TestSupport
import Testing

@Suite("Decoding into a letterbox", .computing)
struct LetterboxDecodingTests {
  private func planes(
    _ name: String, width: Int, height: Int, _ scaledDecode: ScaledDecode
  ) throws -> [Float] {
    let encoded = try EncodedImage(fixture(name))
    let letterbox = Letterbox(
      imageWidth: encoded.width, imageHeight: encoded.height, inputWidth: width, inputHeight: height)
    var planes = [Float](repeating: -1, count: 3 * width * height)
    var span = planes.mutableSpan
    _ = try letterbox.apply(to: encoded, scaledDecode: scaledDecode, preprocessing: .standard, into: &span)
    return planes
  }

  private func planesOfWholeImage(_ name: String, width: Int, height: Int) throws -> [Float] {
    let image = try Image(decoding: fixture(name))
    let letterbox = Letterbox(
      imageWidth: image.width, imageHeight: image.height, inputWidth: width, inputHeight: height)
    var planes = [Float](repeating: -1, count: 3 * width * height)
    var span = planes.mutableSpan
    letterbox.apply(to: image, preprocessing: .standard, into: &span)
    return planes
  }

  @Test("gives what decoding first and fitting in then gives, for every kind of JPEG, PNG and WebP")
  func sameAsTwoSteps() throws {
    for name in try fixtureSizes().keys {
      for (width, height) in [(64, 32), (32, 32), (9, 7)] {
        let expected = try planesOfWholeImage(name, width: width, height: height)
        #expect(try planes(name, width: width, height: height, .off) == expected, "\(name)")
      }
    }
  }

  @Test(
    "does not scale an image below what the input takes, nor a PNG at all", arguments: ScaledDecode.allCases
  )
  func notReduced(scaledDecode: ScaledDecode) throws {
    // Half of 61x47 is 31x24; an input of 32x25 takes 32 columns, one more.
    for (name, width, height) in [
      ("baseline-444.jpg", 32, 25), ("rgb8.png", 5, 5), ("rgb8-interlaced.png", 5, 5),
    ] {
      let expected = try planesOfWholeImage(name, width: width, height: height)
      #expect(try planes(name, width: width, height: height, scaledDecode) == expected, "\(name)")
    }
  }

  @Test(
    "scales a JPEG to a half, a quarter or an eighth as Pillow has libjpeg do it, and rotates it",
    arguments: [
      ("baseline-420", 28, 20), ("baseline-444", 30, 23), ("baseline-422", 15, 11), ("progressive", 9, 12),
      ("gray", 6, 6), ("cmyk", 29, 16), ("baseline-420", 3, 3),
    ] + (1...8).map { ("orientation-\($0)", 10, 10) })
  func reduced(name: String, width: Int, height: Int) throws {
    let planes = try planes(name + ".jpg", width: width, height: height, .auto)
    let expected = try fixture("reduced-\(name)-\(width)x\(height).bgr").map(Float.init)
    expectClose(planes, expected, within: 1, "reduced \(name)")
    #expect(
      planes != (try planesOfWholeImage(name + ".jpg", width: width, height: height)), "was not scaled")
  }

  @Test("scales a WebP by means, as box filtering its pixels does", arguments: [1, 2, 4])
  func scaledWebP(eighths: Int) throws {
    let (width, height) = ((61 * eighths + 7) / 8, (47 * eighths + 7) / 8)
    // A lossy image has colours at half of its size, which libwebp then takes as they are; the fixture has sharp edges.
    for (name, tolerance) in [("lossless", 1.5), ("lossy", 4)] {
      let planes = try planes(name + ".webp", width: width, height: height, .auto)
      let expected = try fixture("scaled-\(name)-\(width)x\(height).bgr").map(Float.init)
      let error = zip(planes, expected).map { Double(abs($0 - $1)) }.reduce(0, +) / Double(planes.count)
      #expect(error < tolerance, "\(name), \(eighths) eighths: mean error \(error)")
      #expect(planes != (try planesOfWholeImage(name + ".webp", width: width, height: height)))
    }
  }

  @Test("a truncated image is the same error here as when it is decoded at full size")
  func broken() throws {
    for name in [
      "baseline-420.jpg", "progressive.jpg", "rgb8.png", "rgb8-interlaced.png", "orientation-6.jpg",
      "lossy.webp",
    ] {
      let whole = try fixture(name)
      let letterbox = Letterbox(imageWidth: 61, imageHeight: 47, inputWidth: 20, inputHeight: 20)
      var planes = [Float](repeating: 0, count: 3 * 20 * 20)
      for length in stride(from: 0, to: whole.count, by: 7) {
        var span = planes.mutableSpan
        let result = Result { () throws(ImageError) in
          _ = try letterbox.apply(
            to: EncodedImage(Array(whole.prefix(length))), scaledDecode: .auto, preprocessing: .standard,
            into: &span)
        }
        let decoded = Result { () throws(ImageError) in
          _ = try Image(decoding: Array(whole.prefix(length)))
        }
        #expect(result.error == decoded.error, "\(length) bytes of \(name)")
      }
    }
  }

  @Test("changed bytes anywhere give an error or planes, never a crash", arguments: ScaledDecode.allCases)
  func damaged(scaledDecode: ScaledDecode) throws {
    var generator = SplitMix64(seed: 6)
    var planes = [Float](repeating: 0, count: 3 * 9 * 7)
    for name in try fixtureSizes().keys.sorted() {
      let whole = try fixture(name)
      for _ in 0..<100 {
        var damaged = whole
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
          damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(
            in: 0...255, using: &generator)
        }
        let limits = ImageLimits(side: 4096, pixels: 1 << 22)
        guard let encoded = try? EncodedImage(damaged, limits: limits) else { continue }
        let letterbox = Letterbox(
          imageWidth: encoded.width, imageHeight: encoded.height, inputWidth: 9, inputHeight: 7)
        var span = planes.mutableSpan
        _ = try? letterbox.apply(
          to: encoded, scaledDecode: scaledDecode, preprocessing: .standard, into: &span)
      }
    }
  }
}

extension Result {
  fileprivate var error: Failure? {
    if case .failure(let error) = self { return error }
    return nil
  }
}
