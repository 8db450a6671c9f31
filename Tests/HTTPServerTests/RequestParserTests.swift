import HTTPServer
import HTTPTypes
import Testing

/// What a connection makes of some bytes: the requests in order, and the refusal that ended it, if any.
private struct Reading: Equatable {
  var requests: [String] = []
  var refusal: Int?
}

/// Feeds `bytes` in pieces of `size` and takes what is complete after each.
private func read(_ bytes: String, inPiecesOf size: Int, limits: RequestLimits = RequestLimits()) -> Reading {
  var parser = RequestParser(limits: limits)
  var reading = Reading()
  var rest = Array(bytes.utf8)[...]
  while !rest.isEmpty {
    parser.feed(rest.prefix(size))
    rest = rest.dropFirst(size)
    do {
      while let event = try parser.next() {
        if case .complete(let head, let body) = event {
          reading.requests.append(
            "\(head.method) \(head.target.path) \(String(decoding: body, as: UTF8.self))")
        }
      }
    } catch {
      reading.refusal = error.status.code
      return reading
    }
  }
  return reading
}

/// One case of RFC 9112 or RFC 9110: the bytes, and what has to come of them.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
  let section: String
  let what: String
  let bytes: String
  var requests: [String] = []
  var refusal: Int?

  var testDescription: String { "\(section): \(what)" }

  static func good(_ section: String, _ what: String, _ bytes: String, _ requests: String...) -> Self {
    .init(section: section, what: what, bytes: bytes, requests: requests)
  }

  static func bad(_ section: String, _ what: String, _ bytes: String, _ status: Int = 400) -> Self {
    .init(section: section, what: what, bytes: bytes, refusal: status)
  }
}

private func get(_ fields: String, target: String = "/", version: String = "HTTP/1.1") -> String {
  "GET \(target) \(version)\r\n\(fields)\r\n"
}

private func post(_ fields: String, _ body: String) -> String {
  "POST /d HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)"
}

private func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked\r\n", body) }

private let host = "Host: a\r\n"

let conformanceCases: [ConformanceCase] = [
  // RFC 9112, 2.2 and 3: request line
  .good("2.2", "an empty line before a request", "\r\n" + get(host), "GET / "),
  .good("3", "a plain request", get(host), "GET / "),
  .good(
    "9.3.2", "two requests in one piece, in order", get(host) + get(host, target: "/b"), "GET / ", "GET /b "),
  .good("2.3", "HTTP/1.0 without Host", get("", version: "HTTP/1.0"), "GET / "),
  .bad("2.2", "line feeds alone", "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n"),
  .bad("2.2", "a carriage return within a line", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"),
  .bad("2.2", "a carriage return before the line feed's", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
  .bad("3", "two spaces after the method", "GET  / HTTP/1.1\r\n\(host)\r\n"),
  .bad("3", "a space in the target", "GET /a b HTTP/1.1\r\n\(host)\r\n"),
  .bad("3", "a space after the version", "GET / HTTP/1.1 \r\n\(host)\r\n"),
  .bad("3", "a tab instead of a space", "GET\t/ HTTP/1.1\r\n\(host)\r\n"),
  .bad("3", "no version", "GET /\r\n\(host)\r\n"),
  .bad("3", "no target", "GET HTTP/1.1\r\n\(host)\r\n"),
  .bad("3.1", "a method that is no token", "G(T / HTTP/1.1\r\n\(host)\r\n"),
  .bad("3.1", "an empty method", " / HTTP/1.1\r\n\(host)\r\n"),
  .bad("2.3", "HTTP/2.0 in clear", get(host, version: "HTTP/2.0"), 505),
  .bad("2.3", "HTTP/1.2", get(host, version: "HTTP/1.2"), 505),
  .bad("2.3", "a version in small letters", get(host, version: "http/1.1")),
  .bad("2.3", "a version with two digits", get(host, version: "HTTP/1.10")),
  .bad("2.3", "something else than HTTP", get(host, version: "ICAP/1.0")),
  // 3.2: target
  .good("3.2.1", "percent-encoded octets, decoded once", get(host, target: "/a%2520b"), "GET /a%20b "),
  .good("3.2.1", "UTF-8 in a path", get(host, target: "/%C3%A9"), "GET /é "),
  .good("3.2.2", "the absolute form", get(host, target: "http://x/y?z=1"), "GET /y "),
  .good("3.2.2", "the absolute form without a path", get(host, target: "http://x"), "GET / "),
  .good("3.2.4", "the asterisk form", "OPTIONS * HTTP/1.1\r\n\(host)\r\n", "OPTIONS * "),
  .bad("3.2", "a fragment", get(host, target: "/a#b")),
  .bad("3.2", "an octet above 127", get(host, target: "/é")),
  .bad("3.2", "a control character", get(host, target: "/\u{1}")),
  .bad("3.2", "a delete character", get(host, target: "/\u{7f}")),
  .bad("3.2", "a relative path", get(host, target: "a/b")),
  .bad("3.2", "another scheme", get(host, target: "ftp://x/y")),
  .bad("3.2.2", "an absolute form without a host", get(host, target: "http:///y")),
  .bad("3.2.1", "a percent sign without digits", get(host, target: "/%zz")),
  .bad("3.2.1", "a percent sign at the end", get(host, target: "/a%2")),
  .bad("3.2.1", "an encoded NUL", get(host, target: "/a%00")),
  .bad("3.2.1", "octets that are not UTF-8", get(host, target: "/%ff%fe")),
  .bad("3.2", "a query with a broken percent sign", get(host, target: "/?a=%4")),
  // 3.2, Host
  .bad("3.2", "no Host", get("")),
  .bad("3.2", "Host twice", get(host + host)),
  .bad("3.2", "Host twice, in other letters", get(host + "HOST: b\r\n")),
  // 5: fields
  .good("5.1", "white space around a value", get("Host: \t a \t\r\n"), "GET / "),
  .good("5.1", "no white space before a value", get("Host:a\r\n"), "GET / "),
  .good("5.1", "an empty value", get(host + "X:\r\n"), "GET / "),
  .good("5.5", "octets above 127 in a value", get(host + "X: é\r\n"), "GET / "),
  .bad("5.1", "white space before the colon", get(host + "X : 1\r\n")),
  .bad("5.1", "a tab before the colon", get(host + "X\t: 1\r\n")),
  .bad("5.1", "a name that is no token", get(host + "X@Y: 1\r\n")),
  .bad("5.1", "an empty name", get(host + ": 1\r\n")),
  .bad("5.1", "no colon", get(host + "X\r\n")),
  .bad("5.2", "a folded field", get(host + "X: 1\r\n 2\r\n")),
  .bad("5.2", "a folded first field", get(" X: 1\r\n" + host)),
  .bad("5.5", "NUL in a value", get(host + "X: a\0b\r\n")),
  .bad("5.5", "a control character in a value", get(host + "X: a\u{2}b\r\n")),
  .bad("5.5", "a delete character in a value", get(host + "X: a\u{7f}b\r\n")),
  // 6: bodies by length
  .good("6.2", "a body of known length", post("Content-Length: 5\r\n", "hello"), "POST /d hello"),
  .good("6.2", "an empty body", post("Content-Length: 0\r\n", ""), "POST /d "),
  .good("6.3", "no length means no body", post("", ""), "POST /d "),
  .good(
    "6.3", "what follows a body is the next request", post("Content-Length: 2\r\n", "hi") + get(host),
    "POST /d hi",
    "GET / "),
  .good("6.2", "leading zeros", post("Content-Length: 002\r\n", "hi"), "POST /d hi"),
  .bad("6.3", "lengths that differ", post("Content-Length: 2\r\nContent-Length: 3\r\n", "hi")),
  .bad("6.3", "the same length twice", post("Content-Length: 2\r\nContent-Length: 2\r\n", "hi")),
  .bad("6.3", "a list of lengths", post("Content-Length: 2, 2\r\n", "hi")),
  .bad("6.2", "a negative length", post("Content-Length: -2\r\n", "hi")),
  .bad("6.2", "a length with a plus", post("Content-Length: +2\r\n", "hi")),
  .bad("6.2", "a hexadecimal length", post("Content-Length: 0x2\r\n", "hi")),
  .bad("6.2", "a length with a point", post("Content-Length: 2.0\r\n", "hi")),
  .bad("6.2", "an empty length", post("Content-Length:\r\n", "hi")),
  .bad("6.2", "a length with a space in it", post("Content-Length: 1 2\r\n", "hi")),
  .bad("6.2", "a length beyond all numbers", post("Content-Length: 99999999999999999999\r\n", "hi")),
  .bad("6.2", "a length above the limit", post("Content-Length: 99999999\r\n", ""), 413),
  // 6.1 and 7.1: chunks
  .good("7.1", "a chunk", chunked("5\r\nhello\r\n0\r\n\r\n"), "POST /d hello"),
  .good("7.1", "several chunks", chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), "POST /d hello"),
  .good(
    "7.1", "sizes in capitals and small letters", chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"),
    "POST /d 01234567890123456789"),
  .good("7.1", "leading zeros", chunked("0005\r\nhello\r\n000\r\n\r\n"), "POST /d hello"),
  .good("7.1.1", "extensions", chunked("5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n"), "POST /d hello"),
  .good("7.1.2", "trailers", chunked("5\r\nhello\r\n0\r\nX: 1\r\nY: 2\r\n\r\n"), "POST /d hello"),
  .good("7.1", "no data at all", chunked("0\r\n\r\n"), "POST /d "),
  .good(
    "7", "the coding's name in other letters", post("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n"), "POST /d "
  ),
  .good(
    "7.1", "what follows the last chunk is the next request", chunked("1\r\nx\r\n0\r\n\r\n") + get(host),
    "POST /d x", "GET / "),
  .bad(
    "6.1", "a length beside chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
  .bad("6.1", "another coding", post("Transfer-Encoding: gzip\r\n", "")),
  .bad("6.1", "chunked with another coding", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
  .bad(
    "6.1", "chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
  .bad("6.1", "identity", post("Transfer-Encoding: identity\r\n", "")),
  .bad("6.1", "an empty coding", post("Transfer-Encoding:\r\n", "")),
  .bad("6.1", "a vertical tab before chunked", post("Transfer-Encoding: \u{b}chunked\r\n", "0\r\n\r\n")),
  .bad(
    "6.1", "chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  .bad("7.1", "a size that is no number", chunked("x\r\n")),
  .bad("7.1", "no size", chunked("\r\n")),
  .bad("7.1", "a size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a space before a size", chunked(" 5\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a space after a size", chunked("5 \r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a size beyond all numbers", chunked("fffffffff\r\n")),
  .bad("7.1", "a size above the limit", chunked("fffffff\r\n"), 413),
  .bad("7.1", "a size ended by a line feed alone", chunked("5\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a chunk longer than its size", chunked("4\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a chunk ended by a line feed alone", chunked("5\r\nhello\n0\r\n\r\n")),
  .bad("7.1.1", "a line feed in an extension", chunked("5;a\nb\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1.2", "a line feed alone in the trailers", chunked("0\r\nX: 1\n\r\n")),
  .bad("7.1.2", "a control character in the trailers", chunked("0\r\nX\u{1}\r\n\r\n")),
  // RFC 9110, 10.1.1
  .bad("9110 10.1.1", "another expectation", post("Expect: 200-maybe\r\nContent-Length: 2\r\n", "hi"), 417),
  .good(
    "9110 10.1.1", "100-continue", post("Expect: 100-continue\r\nContent-Length: 2\r\n", "hi"), "POST /d hi"),
]

@Suite("RequestParser")
struct RequestParserTests {
  @Test("reads or refuses as the RFCs say, whole and byte by byte", arguments: conformanceCases)
  func conformance(_ example: ConformanceCase) {
    let expected = Reading(requests: example.requests, refusal: example.refusal)
    #expect(read(example.bytes, inPiecesOf: example.bytes.utf8.count) == expected)
    #expect(read(example.bytes, inPiecesOf: 1) == expected)
  }

  @Test("finds the same however the bytes are cut in two")
  func everySplit() throws {
    let bytes = Array((chunked("5;x=y\r\nhello\r\n0\r\nT: 1\r\n\r\n") + get(host, target: "/?a=1")).utf8)
    for cut in 1..<bytes.count {
      var parser = RequestParser()
      var paths: [String] = []
      for part in [bytes[..<cut], bytes[cut...]] {
        parser.feed(part)
        while let event = try parser.next() {
          if case .complete(let head, _) = event { paths.append(head.target.path) }
        }
      }
      #expect(paths == ["/d", "/"], "cut at \(cut)")
    }
  }

  @Test("refuses what is too much, each with its own status, before holding much more than the limit")
  func limits() {
    var limits = RequestLimits()
    limits.requestLine = 100
    limits.fields = 400
    limits.fieldCount = 5
    limits.body = 10
    let long = String(repeating: "a", count: 1000)
    #expect(read(get(host, target: "/" + long), inPiecesOf: 7, limits: limits).refusal == 414)
    #expect(read("GET /" + long, inPiecesOf: 7, limits: limits).refusal == 414)
    #expect(read(get(host + "X: \(long)\r\n"), inPiecesOf: 7, limits: limits).refusal == 431)
    #expect(read("GET / HTTP/1.1\r\nX: " + long, inPiecesOf: 7, limits: limits).refusal == 431)
    let six = host + String(repeating: "X: 1\r\n", count: 5)
    #expect(read(get(six), inPiecesOf: 7, limits: limits).refusal == 431)
    #expect(read(post("Content-Length: 11\r\n", ""), inPiecesOf: 7, limits: limits).refusal == 413)
    #expect(read(chunked("6\r\n123456\r\n5\r\n12345\r\n"), inPiecesOf: 7, limits: limits).refusal == 413)
  }

  @Test("gives the head before the body has come, and says whether the client waits to be asked for it")
  func expectContinue() throws {
    var parser = RequestParser()
    parser.feed(post("Expect: 100-continue\r\nContent-Length: 2\r\n", "").utf8)
    guard case .head(let head, expectsContinue: true)? = try parser.next() else {
      Issue.record("no head")
      return
    }
    #expect(head.method == .post)
    #expect(try parser.next() == nil)
  }

  @Test(
    "keeps a connection as RFC 9112, section 9.3 says",
    arguments: [
      ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false), ("HTTP/1.0", "", false),
      ("HTTP/1.0", "Connection: Keep-Alive\r\n", true), ("HTTP/1.1", "Connection: foo, Close\r\n", false),
    ])
  func persistence(version: String, field: String, keeps: Bool) throws {
    var parser = RequestParser()
    parser.feed(get(host + field, version: version).utf8)
    guard case .complete(let head, _)? = try parser.next() else {
      Issue.record("no request")
      return
    }
    #expect(head.keepsAlive == keeps)
  }

  @Test("decodes the query's names and values, a plus as a space")
  func query() throws {
    var parser = RequestParser()
    parser.feed(get(host, target: "/detect?a=1&b=x+y%26z&c&d=").utf8)
    guard case .complete(let head, _)? = try parser.next() else {
      Issue.record("no request")
      return
    }
    #expect(head.target.query.map { "\($0.name)=\($0.value)" } == ["a=1", "b=x y&z", "c=", "d="])
  }
}
