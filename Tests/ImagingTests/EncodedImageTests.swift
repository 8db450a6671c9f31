import Foundation
import Imaging
import TestSupport
import Testing

@Suite("Decoding")
struct EncodedImageTests {
  @Test("gives the pixels that other programs give, for every kind of JPEG, PNG, WebP, GIF and BMP")
  func pixels() throws {
    let sizes = try fixtureSizes()
    #expect(sizes.count == 69)
    for (name, size) in sizes {
      let image = try Image(decoding: fixture(name))
      #expect([image.width, image.height] == size, "\(name)")
      let expected = try fixture(expectedPixels(of: name))
      let worst = zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }.max() ?? 255
      // The same library with the same settings reads JPEG; transparency may be rounded the other way.
      #expect(worst <= 1, "\(name) is off by \(worst)")
    }
  }

  @Test("changed bytes anywhere give an error or an image, never a crash")
  func damaged() throws {
    var generator = SplitMix64(seed: 5)
    for name in try fixtureSizes().keys.sorted() {
      let whole = try fixture(name)
      for _ in 0..<300 {
        var damaged = whole
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
          damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(
            in: 0...255, using: &generator)
        }
        _ = try? Image(decoding: damaged, limits: ImageLimits(side: 4096, pixels: 1 << 22))
      }
    }
  }

  @Test(
    "limits are checked against the header",
    arguments: [
      ("baseline-444.jpg", 61, 47), ("progressive.jpg", 61, 47), ("rgb8.png", 29, 17), ("lossy.webp", 61, 47),
      ("lossless-alpha.webp", 61, 47), ("animated-inset.webp", 64, 48),
    ])
  func sizeLimits(name: String, width: Int, height: Int) throws {
    let file = try fixture(name)
    for limits in [ImageLimits(side: width - 1), ImageLimits(pixels: width * height - 1)] {
      #expect(throws: ImageError.tooLarge(width: width, height: height, limits: limits)) {
        try EncodedImage(file, limits: limits)
      }
    }
    _ = try Image(decoding: file, limits: ImageLimits(side: width, pixels: width * height))
  }

  @Test("a file longer than the limit is rejected, and one whose header lies is no image")
  func limits() throws {
    let file = try fixture("rgb8.png")
    #expect(throws: ImageError.tooManyBytes(count: file.count, limit: 10)) {
      try Image(decoding: file, limits: ImageLimits(bytes: 10))
    }
    // A PNG that declares 2 billion pixels and holds almost none.
    var lying = file
    lying.replaceSubrange(16..<24, with: [0, 0, 0xAF, 0xC8, 0, 0, 0xAF, 0xC8])
    #expect(throws: ImageError.self) { try Image(decoding: lying) }
  }

  @Test("sides that no decoder could hold are rejected by the header, whatever the limits")
  func hostileSizes() throws {
    let endless = ImageLimits(side: .max, pixels: 1 << 26)
    let png = try fixture("rgb8.png")
    for side: [UInt8] in [[0, 0, 0, 0], [0x7F, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF]] {
      for offset in [16, 20] {
        var changed = png
        changed.replaceSubrange(offset..<offset + 4, with: side)
        #expect(throws: ImageError.self) { try EncodedImage(changed, limits: endless) }
      }
    }
    let jpeg = try fixture("baseline-444.jpg")
    // SOF0: marker, length, precision, height, width (T.81, B.2.2).
    let frame = try #require(jpeg.firstRange(of: [0xFF, 0xC0])).lowerBound
    for (offset, bytes): (Int, [UInt8]) in [(5, [0xFF, 0xFF, 0xFF, 0xFF]), (7, [0, 0]), (4, [12])] {
      var changed = jpeg
      changed.replaceSubrange(frame + offset..<frame + offset + bytes.count, with: bytes)
      #expect(throws: ImageError.self) { try EncodedImage(changed, limits: endless).width }
    }
  }

  @Test("a JPEG that repeats its scans without end is rejected")
  func endlessScans() throws {
    let file = try fixture("progressive.jpg")
    // SOS: marker, length (T.81, B.2.3). What lies between two of them is a scan with its tables.
    let scans = file.ranges(of: [0xFF, 0xDA]).map(\.lowerBound)
    let first = file[scans[0]..<scans[1]]
    let repeated = file[..<scans[0]] + Array(repeating: first, count: 150).joined() + file[scans[0]...]
    #expect(throws: ImageError.unreasonable(.jpeg, reason: "101 scans")) {
      try Image(decoding: Array(repeated))
    }
  }

  @Test("what is encoded can be decoded again", arguments: OutputFormat.allCases)
  func roundTrip(format: OutputFormat) throws {
    let image = try Image(decoding: fixture("rgb8.png"))
    let again = try Image(decoding: image.encoded(as: format, quality: 98))
    let worst = zip(image.pixels, again.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
    // A JPEG halves the colours' resolution, which blurs the fixture's one sharp edge.
    #expect(format == .png ? worst == 0 : worst < 120)
  }
}
