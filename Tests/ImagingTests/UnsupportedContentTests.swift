import Foundation
import Imaging
import TestSupport
import Testing

@Suite("Content that is no image")
struct UnsupportedContentTests {
  private func error(_ bytes: [UInt8]) -> ImageError? {
    do throws(ImageError) { _ = try Image(decoding: bytes) } catch { return error }
    return nil
  }

  private func expect(_ content: UnsupportedContent, _ bytes: [UInt8], _ comment: Comment? = nil) {
    #expect(error(bytes) == .unsupported(content), comment)
  }

  @Test(
    "other formats are named",
    arguments: [
      ("a TIFF (or camera raw) image", "49492a0008000000"),
      ("a TIFF (or camera raw) image", "4d4d002a00000008"),
      ("a JPEG XL image", "ff0a7f00"), ("a JPEG XL image", "0000000c4a584c200d0a870a"),
      ("a JPEG 2000 image", "0000000c6a5020200d0a870a"), ("a JPEG 2000 image", "ff4fff51002f"),
      ("an HEIC image", "00000018667479706865696300000000" + "6d69663168656963"),
      ("an HEIC image", "00000018667479706d69663100000000" + "6d69663168656963"),
      ("an AVIF image", "0000001c667479706176696600000000" + "617669666d6966316d696166"),
      ("an MP4 video", "00000018667479706973 6f6d00000200" + "69736f6d69736f32"),
      ("a QuickTime video", "00000014667479707174202000000000" + "71742020"),
      ("a PDF document", "255044462d312e37"), ("gzip data", "1f8b0800000000000003"),
      ("a ZIP archive", "504b030414000000"), ("a Matroska or WebM video", "1a45dfa3a3428681"),
      ("an AVI video", "524946460010000041564920"), ("an H.264 or H.265 video stream", "000000016742001f"),
      ("a WAV sound", "524946460010000057415645"), ("xz data", "fd377a585a000004"),
      ("bzip2 data", "425a6839314159265359"), ("a 7z archive", "377abcaf271c0004"),
      ("a RAR archive", "526172211a0701"), ("a JPEG XR image", "4949bc010800"), ("a program", "7f454c460201"),
      ("a Python pickle", "8004951000000000"), ("a PBM, PGM or PPM image", "50360a3220320a"),
      ("a Photoshop document", "3842505300010000"), ("a NumPy array", "934e554d505901007600"),
    ])
  func formats(name: String, hex: String) {
    let digits = Array(hex.filter { !$0.isWhitespace })
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    expect(.format(name), bytes)
    expect(.format(name), bytes + [UInt8](repeating: 7, count: 5000))
  }

  @Test(
    "text is told by what it is",
    arguments: [
      (UnsupportedContent.htmlPage, "<!DOCTYPE html><html><head><title>401</title></head></html>"),
      (.htmlPage, "\n <HTML><body>Busy</body></HTML>"),
      (.htmlPage, "<?xml version=\"1.0\"?><!DOCTYPE html><html xmlns=\"http://www.w3.org/1999/xhtml\">"),
      (.xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ResponseStatus><statusCode>2</statusCode>"),
      (.format("an SVG drawing"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
      (.json, "{\"image\":\"/9j/4AAQ\"}"), (.json, " [1, 2, 3]"), (.form, "image=%2F9j%2F4AAQSkZJRg"),
      (.form, "a=1&b=2"), (.base64, "/9j/4AAQSkZJRgABAQ"), (.base64, "iVBORw0KGgoAAAANSUhE\r\nUgAAAAEAAAAB"),
      (.base64, "data:image/jpeg;base64,/9j/4AAQSkZJRgAB"),
      (.printed("a Python object as text"), #"b'\xff\xd8\xff\xe0\x00\x10JFIF'"#),
      (.printed("a JavaScript object as text"), "[object Blob]"),
      (.printed("a JavaScript object as text"), "undefined"),
      (.printed("hexadecimal text"), "FFD8FFE000104A46494600010101"),
      (.printed("a list of numbers"), "[255, 216, 255, 224, 0, 16]"),
      (.url, "https://cam.example/snapshot.jpg"),
      (.httpMessage, "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"),
      (.text, "Hello, this is a camera."),
      (.text, "Not found"), (.text, " \n"),
      (.multipart, "--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: 10\r\n\r\n"),
    ])
  func text(content: UnsupportedContent, text: String) {
    expect(content, Array(text.utf8))
  }

  @Test("text in UTF-16, as PowerShell writes it, is text", arguments: [false, true])
  func utf16(isBigEndian: Bool) {
    func bytes(_ text: String) -> [UInt8] {
      "\u{FEFF}\(text)".utf16.flatMap {
        let unit = isBigEndian ? $0.bigEndian : $0.littleEndian
        return withUnsafeBytes(of: unit, Array.init)
      }
    }
    expect(.htmlPage, bytes("<html><body>Bitte anmelden: Schlüssel</body></html>"))
    expect(.json, bytes("{\"image\": \"犬\"}"))
  }

  @Test("a transport stream and a tar archive are told by what lies further behind")
  func distantSignatures() {
    expect(
      .format("an MPEG transport stream"),
      [[UInt8]](repeating: [0x47] + [UInt8](repeating: 9, count: 187), count: 3).flatMap(\.self))
    expect(
      .format("a tar archive"),
      Array("dog.jpg".utf8) + [UInt8](repeating: 0, count: 250) + Array("ustar".utf8) + [0, 48, 48])
  }

  @Test("a body that curl's -d has robbed of its line ends says so, whatever the format")
  func lineEnds() throws {
    for (name, format) in [
      ("baseline-444.jpg", ImageFormat.jpeg), ("rgb8.png", .png), ("progressive.jpg", .jpeg),
    ] {
      let whole = try fixture(name)
      // curl's manual: -d strips carriage returns, newlines and null bytes from a file.
      expect(.lineEndsChanged(format), whole.filter { ![0, 10, 13].contains($0) }, "\(name)")
    }
    let image = Image(
      width: 64, height: 64,
      pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 9) })
    for (format, bytes) in [
      (ImageFormat.jpeg, try image.encoded(as: .jpeg)), (.png, try image.encoded(as: .png)),
    ] {
      expect(.lineEndsChanged(format), bytes.filter { $0 != 10 && $0 != 13 }, "\(format)")
    }
    // A file transfer in text mode.
    let png = try fixture("rgb8.png")
    expect(.lineEndsChanged(.png), png.flatMap { $0 == 10 ? [13, 10] : [$0] })
    #expect(error(Array(png.dropLast(40))) != .unsupported(.lineEndsChanged(.png)))
  }

  @Test("bytes that were taken for text are told")
  func transcoded() throws {
    for (name, format) in [("baseline-444.jpg", ImageFormat.jpeg), ("rgb8.png", .png)] {
      let whole = try fixture(name)
      expect(.transcoded(format), Array(String(decoding: whole, as: UTF8.self).utf8), "as UTF-8")
      let latin1 = String(String.UnicodeScalarView(whole.map { Unicode.Scalar($0) }))
      expect(.transcoded(format), Array(latin1.utf8), "as Latin-1")
    }
  }

  @Test("an image behind a line end, a byte order mark or a length is named, with its place")
  func lateImages() throws {
    for (name, format) in [
      ("baseline-444.jpg", ImageFormat.jpeg), ("rgb8.png", .png), ("lossy.webp", .webp), ("plain.gif", .gif),
    ] {
      let whole = try fixture(name)
      for before in [[13, 10], [0xEF, 0xBB, 0xBF], [0, 0, 1, 0x80]] as [[UInt8]] {
        expect(.behindOtherBytes(format, offset: before.count), before + whole, "\(name)")
      }
    }
  }

  @Test("nothing, zeros and noise")
  func others() {
    #expect(error([]) == .empty)
    expect(.zeros, [UInt8](repeating: 0, count: 100))
    #expect(error([1, 2, 3, 4, 5, 6, 7, 8, 9]) == .unknownFormat(firstBytes: [1, 2, 3, 4, 5, 6, 7, 8]))
    #expect(
      ImageError.unknownFormat(firstBytes: [1, 0xFE]).description
        == "not a JPEG, PNG, WebP, GIF or BMP image; the first bytes are 01 fe")
  }

  @Test(
    "every body that was once rejected in hexadecimal is named now",
    arguments: [
      ("avif-head.bin", UnsupportedContent.format("an AVIF image")), ("base64-text.txt", .base64),
      ("camera-busy.xml", .xml), ("camera-login.html", .htmlPage), ("form-urlencoded.txt", .form),
      ("heic-head.bin", .format("an HEIC image")), ("json.txt", .json), ("mjpeg-part-head.bin", .multipart),
      ("mp4-head.bin", .format("an MP4 video")),
    ])
  func bodies(name: String, content: UnsupportedContent) throws {
    expect(content, try [UInt8](Fixture.data("Bodies/\(name)")))
  }

  @Test(
    "a GIF and a BMP of one pixel, and a PNG with an orientation, are images",
    arguments: [("gif-1x1.gif", 1, 1), ("bmp-1x1.bmp", 1, 1), ("exif-orientation-6.png", 16, 24)])
  func images(name: String, width: Int, height: Int) throws {
    let image = try Image(decoding: [UInt8](Fixture.data("Bodies/\(name)")))
    #expect(image.width == width && image.height == height)
  }

  @Test("a compressed BMP is named as such; a hot spot does not matter")
  func otherBMP() throws {
    let plain = try fixture("palette8.bmp")
    var file = plain
    file[30] = 1
    #expect(error(file) == .unsupportedVariant(.bmp, reason: "compression 1 (run lengths)"))
    var cursor = plain
    (cursor[6], cursor[8]) = (3, 4)
    #expect(try Image(decoding: cursor) == Image(decoding: plain))
    // The pixels are where the header says, not in the header itself.
    for offset: UInt8 in [0, 53, 54] {
      var wrong = plain
      (wrong[10], wrong[11]) = (offset, 0)
      guard case .corrupt(.bmp, _)? = error(wrong) else {
        Issue.record("\(offset): \(String(describing: error(wrong)))")
        continue
      }
    }
  }
}
