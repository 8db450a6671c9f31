import Imaging
import TestSupport
import Testing

/// Small files that ask for much. The bounds are generous: what they exclude is minutes.
@Suite("Hostile images", .computing)
struct HostileImageTests {
  private let bound = Duration.seconds(20)

  private func error(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) -> ImageError? {
    do throws(ImageError) { _ = try Image(decoding: bytes, limits: limits) } catch { return error }
    return nil
  }

  private func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private func riff(_ chunks: [(name: String, content: [UInt8])]) -> [UInt8] {
    let body = chunks.flatMap { name, content in
      Array(name.utf8) + littleEndian(content.count, 4) + content
        + [UInt8](repeating: 0, count: content.count % 2)
    }
    return Array("RIFF".utf8) + littleEndian(body.count + 4, 4) + Array("WEBP".utf8) + body
  }

  /// The flags of an animation, then the canvas.
  private func canvas(_ side: Int) -> (name: String, content: [UInt8]) {
    ("VP8X", [2, 0, 0, 0] + littleEndian(side - 1, 3) + littleEndian(side - 1, 3))
  }

  @Test("a WebP's canvas counts, not the frame in it")
  func webpCanvas() throws {
    let limits = ImageLimits()
    #expect(
      error(riff([canvas(1 << 24)])) == .corrupt(.webp, reason: "an animation without a frame"))
    let still = try fixture("lossless.webp")
    let frame =
      [UInt8](repeating: 0, count: 6) + littleEndian(60, 3) + littleEndian(46, 3) + [0, 0, 0, 0]
      + still[12...]
    #expect(
      error(riff([canvas(1 << 24), ("ANMF", frame)]))
        == .tooLarge(width: 1 << 24, height: 1 << 24, limits: limits))
    // A canvas that the frame does not fit into.
    #expect(
      error(riff([canvas(30), ("ANMF", frame)])) == .corrupt(.webp, reason: "a frame lies outside its canvas")
    )
    let image = try Image(decoding: riff([canvas(100), ("ANMF", frame)]))
    #expect(image.width == 100 && image[99, 99] == (255, 255, 255))
  }

  @Test("many frames cost nothing: the first is decoded")
  func webpFrames() throws {
    let still = try fixture("lossless.webp")
    let frame =
      [UInt8](repeating: 0, count: 6) + littleEndian(60, 3) + littleEndian(46, 3) + [0, 0, 0, 0]
      + still[12...]
    let empty = (name: "ANMF", content: [UInt8](repeating: 0, count: 16))
    let file = riff([canvas(64)] + [empty] + [("ANMF", frame)] + Array(repeating: empty, count: 100_000))
    let start = ContinuousClock.now
    #expect(try Image(decoding: file).width == 64)
    #expect(start.duration(to: .now) < bound)
  }

  @Test("chunks and segments without end take linear time")
  func manyChunks() throws {
    let start = ContinuousClock.now
    let png = try fixture("rgb8.png")
    // A chunk that libpng does not know, of no bytes, with its checksum.
    let chunk: [UInt8] = [0, 0, 0, 0] + Array("juNk".utf8) + crc(Array("juNk".utf8))
    let chunks = Array(Array(repeating: chunk, count: 200_000).joined())
    #expect(try Image(decoding: Array(png[..<33]) + chunks + png[33...]).width == 29)

    let jpeg = try fixture("baseline-444.jpg")
    let segments = Array(repeating: [0xFF, 0xE7, 0, 3, 1] as [UInt8], count: 200_000).joined()
    #expect(try Image(decoding: Array(jpeg[..<20]) + Array(segments) + jpeg[20...]).width == 61)
    #expect(start.duration(to: .now) < bound)
  }

  @Test("a JPEG of 48 megapixels without data ends at once, at any kind of scan")
  func emptyJPEG() throws {
    let start = ContinuousClock.now
    for name in ["baseline-444.jpg", "progressive.jpg", "restart-markers.jpg"] {
      var file = try fixture(name)
      let frame = try #require(
        file.indices.dropLast().first { file[$0] == 0xFF && (file[$0 + 1] == 0xC0 || file[$0 + 1] == 0xC2) })
      file.replaceSubrange(frame + 5..<frame + 9, with: [0x1B, 0x58, 0x1B, 0x58])
      guard case .truncated(.jpeg, _)? = error(file) else {
        Issue.record("\(name): \(String(describing: error(file)))")
        continue
      }
    }
    #expect(start.duration(to: .now) < bound)
  }

  @Test("a GIF of 65535x65535 and a BMP of 2 billion pixels a side are rejected by their headers")
  func hugeHeaders() throws {
    let limits = ImageLimits()
    var gif = try fixture("plain.gif")
    gif.replaceSubrange(6..<10, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(error(gif) == .tooLarge(width: 65535, height: 65535, limits: limits))
    for (width, height) in [(Int32.max, Int32.max), (Int32.max, Int32.min), (16384, 3000)] {
      var bmp = try fixture("rgb24.bmp")
      bmp.replaceSubrange(18..<26, with: littleEndian(Int(width), 4) + littleEndian(Int(height), 4))
      #expect(error(bmp) != nil)
    }
    var negative = try fixture("rgb24.bmp")
    negative.replaceSubrange(18..<22, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(error(negative) == .corrupt(.bmp, reason: "a size of -1x17"))
  }

  /// CRC-32 of PNG, annex D.
  private func crc(_ bytes: [UInt8]) -> [UInt8] {
    var remainder = UInt32.max
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? 0xEDB8_8320 ^ (remainder >> 1) : remainder >> 1 }
    }
    return (0..<4).map { UInt8(truncatingIfNeeded: ~remainder >> (24 - 8 * UInt32($0))) }
  }
}
