import Foundation
import Imaging
import TestSupport
import Testing

/// A file that lost its end shows gray where data is missing. Programs for people show that; a detector must not answer
/// for a part of an image as if it were all of it.
@Suite("Truncated images")
struct TruncationTests {
  private func error(_ bytes: [UInt8]) -> ImageError? {
    do throws(ImageError) { _ = try Image(decoding: bytes) } catch { return error }
    return nil
  }

  private func isTruncated(_ bytes: [UInt8], _ format: ImageFormat) -> Bool {
    if case .truncated(format, _)? = error(bytes) { return true }
    return false
  }

  private static let jpegs = [
    "baseline-420", "baseline-422", "baseline-444", "gray", "restart-markers", "cmyk", "ycck", "progressive",
    "gray-progressive", "cmyk-progressive",
  ]

  @Test("a JPEG that lacks more than its end marker is truncated, wherever it is cut", arguments: jpegs)
  func jpeg(name: String) throws {
    let whole = try fixture(name + ".jpg")
    for length in 3..<whole.count - 2 {
      #expect(isTruncated(Array(whole.prefix(length)), .jpeg), "\(length) of \(whole.count) bytes")
    }
  }

  @Test("a JPEG that lacks its end marker alone, or has other bytes after it, is whole", arguments: jpegs)
  func endMarker(name: String) throws {
    let whole = try fixture(name + ".jpg")
    let image = try Image(decoding: whole)
    for changed in [
      Array(whole.dropLast()), Array(whole.dropLast(2)), whole + whole, whole + [0xFF, 0, 1, 2],
      whole + [UInt8](repeating: 0, count: 5000),
    ] {
      #expect(try Image(decoding: changed) == image)
    }
  }

  @Test(
    "an arithmetic-coded JPEG is truncated wherever it is cut, and whole with bytes after it",
    arguments: ["arithmetic", "arithmetic-progressive"])
  func arithmetic(name: String) throws {
    let whole = try fixture(name + ".jpg")
    // What its decoder lacks is zeros to it, so that the last bytes can be told from zeros only by what follows them.
    for length in 3..<whole.count - 8 {
      #expect(isTruncated(Array(whole.prefix(length)), .jpeg), "\(length) of \(whole.count) bytes")
    }
    let image = try Image(decoding: whole)
    for length in whole.count - 8..<whole.count {
      let isWhole = (try? Image(decoding: Array(whole.prefix(length)))) == image
      #expect(isWhole || isTruncated(Array(whole.prefix(length)), .jpeg))
    }
    #expect(try Image(decoding: whole + [0, 1, 2]) == image)
  }

  @Test("the reason says where the data ends")
  func reason() throws {
    let whole = try fixture("baseline-444.jpg")
    #expect(
      error(Array(whole.prefix(1300)))
        == .truncated(.jpeg, reason: "the data of scan 1 ends at row 16 of 47"))
    #expect(
      error(Array(whole.prefix(300))) == .truncated(.jpeg, reason: "the header is incomplete"))
  }

  @Test(
    "a progressive JPEG is whole once every bit of every coefficient has come, and no sooner",
    arguments: ["progressive", "gray-progressive", "cmyk-progressive"])
  func missingScans(name: String) throws {
    let whole = try fixture(name + ".jpg")
    // SOS: marker, length (T.81, B.2.3). The tables of a scan stand before it, and belong to the next one here.
    let scans = whole.ranges(of: [0xFF, 0xDA]).map(\.lowerBound)
    #expect(scans.count >= 6)
    for scan in scans.dropFirst() {
      #expect(isTruncated(whole[..<scan] + [0xFF, 0xD9], .jpeg), "ends before byte \(scan)")
      #expect(isTruncated(Array(whole[..<scan]), .jpeg), "ends before byte \(scan), without end marker")
    }
  }

  @Test("a JPEG whose colours come in scans of their own needs all of them")
  func separateScans() throws {
    let whole = try fixture("separate-scans.jpg")
    let scans = whole.ranges(of: [0xFF, 0xDA]).map(\.lowerBound)
    #expect(scans.count == 3)
    for scan in scans.dropFirst() {
      #expect(isTruncated(whole[..<scan] + [0xFF, 0xD9], .jpeg))
    }
  }

  @Test(
    "an end marker in the middle, a lost restart interval and damaged codes are errors, not gray or noise")
  func damagedScans() throws {
    let whole = try fixture("baseline-444.jpg")
    let middle = whole.count - 400
    #expect(isTruncated(whole[..<middle] + [0xFF, 0xD9], .jpeg))

    let restarts = try fixture("restart-markers.jpg")
    let second = try #require(restarts.firstRange(of: [0xFF, 0xD1])).lowerBound
    let third = try #require(restarts.firstRange(of: [0xFF, 0xD2])).lowerBound
    let lost = Array(restarts[..<second] + restarts[third...])
    #expect(
      error(lost)
        == .corrupt(.jpeg, reason: "Corrupt JPEG data: found marker 0xd2 instead of RST1"))

    // No code of the standard tables has sixteen ones; FF in a scan is followed by a stuffed zero.
    let noise = Array([[UInt8]](repeating: [0xFF, 0], count: 40).joined())
    #expect(
      error(whole[..<middle] + noise + whole[middle...])
        == .corrupt(.jpeg, reason: "Corrupt JPEG data: bad Huffman code"))
  }

  @Test("what costs no pixels is no error: bytes between segments, unknown segments, an odd JFIF version")
  func harmless() throws {
    let whole = try fixture("baseline-444.jpg")
    let image = try Image(decoding: whole)
    // After SOI and APP0.
    let segment = 2 + 2 + 16
    for inserted: [UInt8] in [[0xFF, 0xEF, 0, 4, 1, 2], [0xFF, 0xFF, 0xFF], [0, 1, 2]] {
      #expect(try Image(decoding: whole[..<segment] + inserted + whole[segment...]) == image)
    }
    var odd = whole
    odd[11] = 9
    #expect(try Image(decoding: odd) == image)
  }

  @Test(
    "a PNG is truncated wherever its image data is cut, and whole without its end chunk",
    arguments: ["rgb8", "rgb8-interlaced", "gray1", "palette4-trns", "rgba16-interlaced"])
  func png(name: String) throws {
    let whole = try fixture(name + ".png")
    // The end chunk has 12 bytes; before it 4 of the data's checksum and 4 of zlib's.
    for length in 8..<whole.count - 20 {
      #expect(isTruncated(Array(whole.prefix(length)), .png), "\(length) of \(whole.count) bytes")
    }
    let image = try Image(decoding: whole)
    for changed in [Array(whole.dropLast(12)), Array(whole.dropLast(3)), whole + [1, 2, 3]] {
      #expect(try Image(decoding: changed) == image)
    }
  }

  @Test("a PNG whose image data does not match its checksum is corrupt")
  func pngChecksum() throws {
    let whole = try fixture("rgb8.png")
    let data = try #require(whole.firstRange(of: Array("IDAT".utf8))).upperBound
    for offset in [data + 100, whole.count - 13] {
      var changed = whole
      changed[offset] ^= 1
      guard case .corrupt(.png, _)? = error(changed) else {
        Issue.record("byte \(offset): \(String(describing: error(changed)))")
        continue
      }
    }
  }

  @Test(
    "a WebP is truncated wherever it is cut, and whole with bytes after it",
    arguments: ["lossy", "lossless", "lossy-alpha", "lossless-alpha", "animated", "animated-inset"])
  func webp(name: String) throws {
    let whole = try fixture(name + ".webp")
    for length in 12..<whole.count {
      #expect(isTruncated(Array(whole.prefix(length)), .webp), "\(length) of \(whole.count) bytes")
    }
    #expect(try Image(decoding: whole + [1, 2, 3]) == Image(decoding: whole))
  }

  @Test(
    "a WebP whose header was made to fit what came is an error all the same",
    arguments: ["lossy", "lossless", "lossy-alpha", "lossless-alpha"])
  func patchedWebP(name: String) throws {
    let whole = try fixture(name + ".webp")
    // Of every chunk that reaches beyond the end, the length is cut too.
    for length in stride(from: 40, to: whole.count - 8, by: 7) {
      var cut = Array(whole.prefix(length & ~1))
      func put(_ value: Int, at offset: Int) {
        for byte in 0..<4 { cut[offset + byte] = UInt8(value >> (8 * byte) & 255) }
      }
      put(cut.count - 8, at: 4)
      var chunk = 12
      while chunk + 8 <= cut.count {
        let size = (0..<4).reduce(0) { $0 | Int(cut[chunk + 4 + $1]) << (8 * $1) }
        if chunk + 8 + size > cut.count { put(cut.count - chunk - 8, at: chunk + 4) }
        chunk += 8 + size + size % 2
      }
      #expect(error(cut) != nil, "\(length) of \(whole.count) bytes")
    }
  }

  @Test(
    "a GIF or BMP is truncated wherever its pixels are cut",
    arguments: [
      "plain.gif", "interlaced.gif", "noise.gif", "transparent.gif", "rgb24.bmp", "palette1.bmp",
      "fields16.bmp",
    ])
  func gifAndBMP(name: String) throws {
    let whole = try fixture(name)
    let format = name.hasSuffix("gif") ? ImageFormat.gif : .bmp
    // A GIF ends with an end code, an empty block and a trailer, which no pixel needs.
    let end = format == .gif ? whole.count - 5 : whole.count
    for length in stride(from: 18, to: end, by: name == "noise.gif" ? 101 : 1) {
      #expect(isTruncated(Array(whole.prefix(length)), format), "\(length) of \(whole.count) bytes")
    }
    #expect(try Image(decoding: whole + [1, 2, 3]) == Image(decoding: whole))
  }

  @Test(
    "a photograph cut at a quarter, a half and nearly its end",
    .sharedData("images/dog.jpg"))
  func photograph() throws {
    let whole = try SharedData.bytes("images/dog.jpg")
    for percent in [25, 50, 75, 90, 99] {
      #expect(isTruncated(Array(whole.prefix(whole.count * percent / 100)), .jpeg), "\(percent) %")
    }
    _ = try Image(decoding: whole)
  }
}
