import Foundation
import HTTPServer
import TestSupport
import Testing

/// Bodies that Python's gzip and zlib modules have compressed, and what is wrong with others.
@Suite("Content codings")
struct ContentCodingTests {
  private static let text = Array(String(repeating: "street ", count: 40).utf8)
  private static let gzip = "H4sIAAAAAAACAysuKUpNLVEoHqVQKQDjm0mCGAEAAA=="
  private static let zlib = "eJwrLilKTS1RKB6lUCkAxulsmQ=="

  private func request(
    _ body: [UInt8], _ codings: String, reserve: @escaping @Sendable (Int) -> Bool = { _ in true }
  )
    throws -> Request
  {
    var parser = RequestParser()
    parser.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: \(codings)\r\n\r\n".utf8)
    guard case .complete(let head, _)? = try parser.next() else { throw CocoaError(.coderInvalidValue) }
    return Request(head: head, body: body, reserveMemory: reserve)
  }

  private func decode(_ base64: String, _ codings: String) throws -> [UInt8] {
    try decode([UInt8](try #require(Data(base64Encoded: base64))), codings)
  }

  private func decode(_ body: [UInt8], _ codings: String, bytes: Int = 1 << 20) throws -> [UInt8] {
    let decoded = try request(body, codings).decodingBody(DecodingLimits(bytes: bytes))
    #expect(!decoded.hasContentEncoding || codings == "identity" || body.isEmpty)
    return decoded.body
  }

  @Test(
    "gzip and deflate are decoded as their encoders wrote them, several codings in reverse order",
    arguments: [
      (gzip, "gzip"), (gzip, "X-GZIP"), (gzip, "identity, gzip,"), (zlib, "deflate"),
      // Without zlib's header.
      ("Ky4pSk0tUSgepVApAA==", "Deflate"),
      // With the name of the file in its header.
      ("H4sICAEAAAAC/3N0cmVldC50eHQAKy4pSk0tUSgepVApAOObSYIYAQAA", "gzip"),
      // Two members.
      (
        "H4sIAAAAAAACAysuKUpNLVEopiUFAAIGUI1kAAAAH4sIAAAAAAACAytKTS1RKC4pGkoUACwqH3e0AAAA",
        "gzip"
      ),
      ("eJyT7+ZgAAEmZm09TS9f3UANuaUBmgyPZ3s2STAyMAAAUgAGFQ==", "gzip, deflate"),
    ])
  func decodes(_ body: String, _ codings: String) throws {
    #expect(try decode(body, codings) == ContentCodingTests.text)
  }

  @Test("identity, and any coding of an empty body, leave it as it is")
  func identity() throws {
    #expect(try decode([1, 2], "identity") == [1, 2])
    #expect(try decode([], "gzip") == [])
  }

  @Test("every shorter piece of a body is truncated")
  func truncated() throws {
    for (body, coding, name) in [
      (ContentCodingTests.gzip, ContentCoding.gzip, "gzip"), (ContentCodingTests.zlib, .deflate, "deflate"),
    ] {
      let bytes = [UInt8](try #require(Data(base64Encoded: body)))
      // One byte of zlib's header is not recognized as such.
      for count in 2..<bytes.count {
        #expect(throws: ContentCodingError.truncated(coding)) { try decode(Array(bytes[..<count]), name) }
      }
    }
  }

  @Test("no changed byte yields another body")
  func corrupt() throws {
    for (body, name) in [(ContentCodingTests.gzip, "gzip"), (ContentCodingTests.zlib, "deflate")] {
      let bytes = [UInt8](try #require(Data(base64Encoded: body)))
      for index in bytes.indices {
        for bit in 0..<8 {
          var changed = bytes
          changed[index] ^= 1 << bit
          // Time, system and hints of a gzip header are not covered by its checksum.
          let decoded = try? decode(changed, name)
          #expect(decoded == nil || decoded == ContentCodingTests.text, "byte \(index), bit \(bit)")
        }
      }
    }
    #expect(throws: ContentCodingError.corrupt(.gzip, reason: "incorrect header check")) {
      try decode(Array("no gzip".utf8), "gzip")
    }
    #expect(throws: ContentCodingError.corrupt(.deflate, reason: "it needs a preset dictionary")) {
      try decode("ePkJMQKYKwaTCqMUGgUAxulsmQ==", "deflate")
    }
  }

  @Test("bytes behind the end are rejected, not ignored")
  func trailing() throws {
    let gzip = [UInt8](try #require(Data(base64Encoded: ContentCodingTests.gzip)))
    #expect(throws: ContentCodingError.trailingBytes(.gzip, count: 3)) {
      try decode(gzip + [0, 0, 0], "gzip")
    }
    #expect(throws: ContentCodingError.truncated(.gzip)) { try decode(gzip + gzip.dropLast(), "gzip") }
    let zlib = [UInt8](try #require(Data(base64Encoded: ContentCodingTests.zlib)))
    #expect(throws: ContentCodingError.trailingBytes(.deflate, count: zlib.count)) {
      try decode(zlib + zlib, "deflate")
    }
  }

  @Test(
    "other codings, and many of them, are not supported",
    arguments: ["br", "zstd", "gzip, br", "utf-8", "\"gzip\""])
  func unsupported(_ codings: String) throws {
    let name = codings.replacing("gzip, ", with: "")
    #expect(throws: ContentCodingError.unsupported(name)) { try decode([1], codings) }
    #expect(throws: ContentCodingError.tooMany(limit: 4)) { try decode([1], "gzip, gzip, gzip, gzip, gzip") }
  }

  @Test("size and ratio of the decoded body are limited, in every layer")
  func limits() throws {
    let zeros = [UInt8](repeating: 0, count: 20 << 20)
    let bomb = compressed(zeros, as: .gzip)
    #expect(bomb.count < 30_000)
    #expect(throws: ContentCodingError.tooLarge(limit: 1 << 20)) { try decode(bomb, "gzip") }
    #expect(throws: ContentCodingError.ratioTooLarge(limit: 100)) { try decode(bomb, "gzip", bytes: 1 << 30) }
    let nested = compressed(bomb, as: .gzip)
    #expect(nested.count < 1000)
    #expect(throws: ContentCodingError.ratioTooLarge(limit: 100)) {
      try decode(nested, "gzip, gzip", bytes: 1 << 30)
    }
    let few = compressed([UInt8](repeating: 0, count: 8 << 20), as: .zlib)
    #expect(try decode(few, "deflate", bytes: 8 << 20).count == 8 << 20)
    #expect(throws: ContentCodingError.tooLarge(limit: (8 << 20) - 1)) {
      try decode(few, "deflate", bytes: (8 << 20) - 1)
    }
  }

  @Test("the decoded body is reserved beside the received one before it takes memory")
  func memory() throws {
    let body = compressed([UInt8](repeating: 7, count: 1 << 20), as: .gzip)
    for (limit, isEnough) in [((1 << 20) + body.count, true), ((1 << 20) + body.count - 1, false)] {
      let request = try request(body, "gzip") { $0 <= limit }
      let decoded = try? request.decodingBody(DecodingLimits(bytes: 1 << 30))
      #expect((decoded != nil) == isEnough)
    }
  }
}
