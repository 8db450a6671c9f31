import Foundation
import HTTPServer
import Testing

private let fixtures = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/HTTPServer")

private func parse(
  _ body: String, boundary: String = "b", adjust: (inout MultipartLimits) -> Void = { _ in }
) throws -> [FormPart] {
  var limits = MultipartLimits()
  adjust(&limits)
  let type = try #require(MediaType("multipart/form-data; boundary=\(boundary)"))
  return try MultipartParser(contentType: type, limits: limits).parse(Array(body.utf8))
}

private func part(_ fields: String, _ body: String) -> String { "--b\r\n\(fields)\r\n\r\n\(body)\r\n" }

private let named = "Content-Disposition: form-data; name=a"

private let brokenForms: [(String, MultipartError)] = [
  ("", MultipartError.truncated), ("--b", .truncated), ("--b\r\n", .truncated),
  ("nothing of the kind", .truncated),
  (part(named, "x"), .truncated), (part(named, "x") + "--b", .truncated),
  ("--b\r\n\(named)\r\n\r\nx", .truncated),
  (part("X: 1", "x") + "--b--", .unnamedPart(index: 0)),
  (part("Content-Disposition: attachment; name=a", "x") + "--b--", .unnamedPart(index: 0)),
  (part(named, "x") + part("Content-Disposition: form-data", "x") + "--b--", .unnamedPart(index: 1)),
  ("--bc\r\n\(named)\r\n\r\n--b--", .malformedPart(index: 0, reason: "data after its boundary")),
  (part("X", "x") + "--b--", .malformedPart(index: 0, reason: "a header field without a colon")),
  (part(" X: 1", "x") + "--b--", .malformedPart(index: 0, reason: "a folded header field")),
  (part("X: 1\n", "x") + "--b--", .malformedPart(index: 0, reason: "a line feed without a carriage return")),
  (
    part(named + "\r\nContent-Transfer-Encoding: base64", "x") + "--b--",
    .malformedPart(index: 0, reason: "a Content-Transfer-Encoding that is not binary")
  ),
]

@Suite("The multipart parser")
struct MultipartTests {
  @Test("parses forms that curl, requests and aiohttp send", arguments: ["curl", "requests", "aiohttp"])
  func realClients(client: String) throws {
    let type = try String(contentsOf: fixtures.appendingPathComponent("\(client).type"), encoding: .utf8)
    let body = Array(try Data(contentsOf: fixtures.appendingPathComponent("\(client).body")))
    let parts = try MultipartParser(contentType: try #require(MediaType(type))).parse(body)
    // What make.py put in.
    #expect(parts.map(\.name) == ["score_threshold", "note", "image", "image"])
    #expect(parts[0].body.elementsEqual("0.5".utf8) && parts[0].fileName == nil)
    #expect(String(decoding: parts[1].body, as: UTF8.self) == "a=b&c\r\nd é")
    // aiohttp encodes the space of a name too, which is not the form's to undo.
    #expect(parts[2].fileName == (client == "aiohttp" ? "my%20\"dog\".jpg" : "my \"dog\".jpg"))
    #expect(parts[2].contentType?.name == "image/jpeg")
    let bytes = Array(UInt8.min...UInt8.max) + Array("\r\n--\r\n--x\r\n\r\n-\r\r\r".utf8)
    #expect(Array(parts[2].body) == bytes)
    #expect(parts[3].fileName == "empty.png" && parts[3].body.isEmpty)
  }

  @Test("ignores the preamble and the epilogue (RFC 2046, section 5.1.1)")
  func preambleAndEpilogue() throws {
    let parts = try parse("before\r\n" + part(named, "x") + "--b--\r\nbehind")
    #expect(parts.map { String(decoding: $0.body, as: UTF8.self) } == ["x"])
    #expect(try parse("--b--").isEmpty)
  }

  @Test("accepts whitespace after a boundary, and empty parts")
  func paddingAndEmptyParts() throws {
    let parts = try parse("--b \t\r\n\(named)\r\n\r\n\r\n--b\r\n\(named)\r\n\r\n--b--")
    #expect(parts.count == 2 && parts.allSatisfy(\.body.isEmpty))
  }

  @Test("keeps a prefix of the boundary within a part as data of the part")
  func nearBoundaries() throws {
    let parts = try parse(part(named, "x--b\r\n-b\r\r\n--c\n--b") + "--b--")
    #expect(parts.map { String(decoding: $0.body, as: UTF8.self) } == ["x--b\r\n-b\r\r\n--c\n--b"])
  }

  @Test(
    "reads names as clients write them",
    arguments: [
      ("name=my image; filename=my dog.jpg", "my image", "my dog.jpg"),
      (#"name="image"; filename="my "dog".jpg""#, "image", #"my "dog".jpg"#),
      (#"name="image"; filename="C:\dogs\""#, "image", #"C:\dogs\"#),
      (#"name="image\"; filename="a.jpg""#, #"image\"#, "a.jpg"),
      ("name=image; filename*=UTF-8''my%20dog.jpg", "image", "my dog.jpg"),
      ("\r\n name=\"image\";\r\n\tfilename=\"a.jpg\"", "image", "a.jpg"),
    ])
  func lenientNames(parameters: String, name: String, fileName: String) throws {
    let parts = try parse(part("Content-Disposition: form-data; \(parameters)", "x") + "--b--")
    #expect(parts.map(\.name) == [name] && parts.map(\.fileName) == [fileName])
  }

  @Test("accepts a boundary with characters that would need quotation marks")
  func unquotedBoundary() throws {
    let boundary = "===17:00==="
    let body = "--\(boundary)\r\n\(named)\r\n\r\nx\r\n--\(boundary)--"
    #expect(try parse(body, boundary: boundary).count == 1)
  }

  @Test("reads a form whose lines all end with LF alone, up to the same byte")
  func lineFeeds() throws {
    let data = "\r\n--c\n-\r"
    let body = "before\n--b\n\(named); filename=a.jpg\nX: 1\n\n\(data)\n--b\n\(named)\n\n\n--b--\n"
    let parts = try parse(body)
    #expect(parts.map { String(decoding: $0.body, as: UTF8.self) } == [data, ""])
    #expect(parts.map(\.fileName) == ["a.jpg", nil])
    let whole = Array(body.utf8.dropLast())
    let parser = try MultipartParser(contentType: try #require(MediaType("multipart/form-data; boundary=b")))
    for length in 0..<whole.count {
      #expect(throws: MultipartError.truncated) { try parser.parse(Array(whole[..<length])) }
    }
    // The first boundary decides.
    #expect(throws: MultipartError.truncated) { try parse(part(named, "x\n--b--")) }
  }

  @Test("rejects malformed forms and names the part", arguments: brokenForms)
  func malformed(body: String, error: MultipartError) {
    #expect(throws: error) { try parse(body) }
  }

  @Test("rejects too many parts and too large header fields")
  func limits() {
    #expect(throws: MultipartError.tooManyParts(limit: 1)) {
      try parse(part(named, "x") + part(named, "x") + "--b--") { $0.parts = 1 }
    }
    #expect(throws: MultipartError.partFieldsTooLarge(index: 0, limit: 20)) {
      try parse(part(named, "x") + "--b--") { $0.fields = 20 }
    }
  }

  @Test("rejects a form that is truncated anywhere")
  func everyLength() throws {
    let whole = Array((part(named, "x") + part(named, "y") + "--b--").utf8)
    let parser = try MultipartParser(contentType: try #require(MediaType("multipart/form-data; boundary=b")))
    for length in 0..<whole.count {
      #expect(throws: MultipartError.truncated) { try parser.parse(Array(whole[..<length])) }
    }
    #expect(try parser.parse(whole).count == 2)
  }

  @Test(
    "accepts only valid boundaries (RFC 2046, section 5.1.1)",
    arguments: [
      ("multipart/form-data; boundary=abc", true), ("Multipart/Form-Data; Boundary=\"a b\"", true),
      ("multipart/form-data", false), ("multipart/form-data; boundary=\"\"", false),
      ("multipart/form-data; boundary=\"a \"", false), ("multipart/form-data; boundary=\"a\\\"b\"", false),
      ("multipart/mixed; boundary=a", false),
      ("multipart/form-data; boundary=" + String(repeating: "a", count: 70), true),
      ("multipart/form-data; boundary=" + String(repeating: "a", count: 71), false),
    ])
  func boundaries(text: String, isGood: Bool) throws {
    let type = try #require(MediaType(text))
    let parser = try? MultipartParser(contentType: type)
    #expect((parser != nil) == isGood)
  }

  @Test(
    "parses parameters (RFC 9110, section 5.6.6)",
    arguments: [
      ("image/JPEG", "image/jpeg"), ("a/b;c=d", "a/b c=d"), ("a/b; c = d ; e= \"f\"", "a/b c=d e=f"),
      ("a/b ; C=\"d;\\\"e\" ; ;f=g;", "a/b c=d;\"e f=g"),
      ("", nil), ("a/b;c", nil), ("a/b;c=", nil), ("a/b;c=\"d", nil), ("a/b;c=d;C=e", nil), ("a/b c", nil),
      ("a/b;c=\"d\\", nil),
    ])
  func mediaTypes(text: String, expected: String?) {
    let type = MediaType(text)
    let said = type.map {
      ([$0.name] + $0.parameters.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }
    #expect(said == expected)
  }
}
