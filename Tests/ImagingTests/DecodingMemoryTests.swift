import Imaging
import Testing

@Suite("Memory of decoding")
struct DecodingMemoryTests {
  @Test(
    "follows from the header: rows, a rotated copy, coefficients of several scans, pixels of a lossless WebP",
    arguments: [
      ("baseline-444", "jpg", 61 * 47 * 3...61 * 47 * 3 + 90_000),
      ("orientation-6", "jpg", 40 * 24 * 6...40 * 24 * 6 + 90_000),
      ("progressive", "jpg", 61 * 47 * 6...61 * 47 * 6 + 90_000),
      ("rgb8", "png", 29 * 17 * 3...29 * 17 * 3 + 140_000),
      ("lossless", "webp", 61 * 47 * 7...61 * 47 * 7 + 160_000),
      ("lossless-alpha", "webp", 61 * 47 * 11...61 * 47 * 11 + 160_000),
    ])
  func decoded(name: String, type: String, bytes: ClosedRange<Int>) throws {
    let image = try EncodedImage(fixture("\(name).\(type)"))
    #expect(bytes.contains(image.decodedBytes), "\(image.decodedBytes)")
  }

  @Test("of an image whose rows go straight into the letterbox is but a few rows")
  func letterboxed() throws {
    func bytes(_ name: String, _ scaledDecode: ScaledDecode) throws -> Int {
      let file = try Image(width: 2000, height: 1500, gray: 90).encoded(as: name == "png" ? .png : .jpeg)
      let image = try EncodedImage(file)
      let letterbox = Letterbox(imageWidth: 2000, imageHeight: 1500, inputWidth: 416, inputHeight: 416)
      return image.letterboxedBytes(letterbox, scaledDecode: scaledDecode)
    }
    #expect(try bytes("jpeg", .off) < 1_000_000 && bytes("png", .auto) < 200_000)
    let large = try EncodedImage(fixture("lossy.webp"))
    let letterbox = Letterbox(imageWidth: 61, imageHeight: 47, inputWidth: 8, inputHeight: 8)
    #expect(
      large.letterboxedBytes(letterbox, scaledDecode: .auto)
        < large.letterboxedBytes(letterbox, scaledDecode: .off))
  }

  @Test("the default number of pixels leaves half of a container's memory for everything else")
  func defaults() {
    #expect(ImageLimits.pixels(forMemory: 512 << 20) == (256 << 20) / 14)
    #expect(ImageLimits.pixels(forMemory: 1 << 20) == 4_000_000)
    #expect(ImageLimits.pixels(forMemory: .max) == 200_000_000)
    let limits = ImageLimits(side: 5000, pixels: 12_000_000)
    #expect(limits.admits(width: 4000, height: 3000) && !limits.admits(width: 4001, height: 3000))
    #expect(!limits.admits(width: 5001, height: 1) && !limits.admits(width: .max, height: .max))
  }
}
