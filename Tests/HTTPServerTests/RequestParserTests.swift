import HTTPServer
import HTTPTypes
import TestSupport
import Testing

/// What a connection makes of some bytes: the events in order, and the error that ended it, if any.
private struct Reading: Equatable {
  var events: [RequestParser.Event] = []
  var error: HTTPError?

  /// The requests as the cases write them.
  var requests: [String] {
    events.compactMap { event in
      guard case .complete(let head, let body) = event else { return nil }
      return "\(head.method) \(head.target.path) \(String(decoding: body, as: UTF8.self))"
    }
  }
}

/// Feeds the pieces and takes what is complete after each.
private func read(_ pieces: some Sequence<ArraySlice<UInt8>>, limits: RequestLimits) -> Reading {
  var parser = RequestParser(limits: limits)
  var reading = Reading()
  for piece in pieces {
    parser.feed(piece)
    do {
      while let event = try parser.next() { reading.events.append(event) }
    } catch {
      reading.error = error
      return reading
    }
  }
  return reading
}

private func read(_ text: String, inPiecesOf size: Int, limits: RequestLimits = RequestLimits()) -> Reading {
  let bytes = Array(text.utf8)
  return read(
    stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }, limits: limits
  )
}

@Suite("The request parser")
struct RequestParserTests {
  @Test(
    "accepts and rejects what the RFCs demand, in one piece and byte by byte", arguments: conformanceCases)
  func conformance(_ example: ConformanceCase) {
    let whole = read(example.bytes, inPiecesOf: example.bytes.utf8.count)
    #expect(whole.requests == example.requests)
    #expect(whole.error?.status.code == example.rejection)
    #expect(read(example.bytes, inPiecesOf: 1) == whole)
  }

  @Test("gives the same result wherever the bytes are split in two", arguments: conformanceCases)
  func everySplit(_ example: ConformanceCase) {
    let bytes = Array(example.bytes.utf8)
    let whole = read([bytes[...]], limits: RequestLimits())
    for cut in stride(from: 1, to: bytes.count, by: bytes.count > 2000 ? 97 : 1) {
      #expect(read([bytes[..<cut], bytes[cut...]], limits: RequestLimits()) == whole, "cut at \(cut)")
    }
  }

  @Test("gives the same result in random pieces, at limits that every case reaches")
  func randomPieces() {
    var random = SplitMix64(seed: 9112)
    for example in conformanceCases {
      let bytes = Array(example.bytes.utf8)
      for _ in 0..<20 {
        var limits = RequestLimits()
        limits.requestLine = .random(in: 1...40, using: &random)
        limits.fields = .random(in: 1...80, using: &random)
        limits.fieldCount = .random(in: 1...3, using: &random)
        limits.body = .random(in: 0...12, using: &random)
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
          let count = min(rest.count, .random(in: 1...16, using: &random))
          pieces.append(rest.prefix(count))
          rest = rest.dropFirst(count)
        }
        #expect(
          read(pieces, limits: limits) == read([bytes[...]], limits: limits), "\(example.testDescription)")
      }
    }
  }

  @Test("repeats its error for ever")
  func repeatsError() {
    var parser = RequestParser()
    parser.feed("GET / HTTP/1.1\r\n\r\n".utf8)
    let first = #expect(throws: HTTPError.self) { try parser.next() }
    parser.feed(get(host).utf8)
    let second = #expect(throws: HTTPError.self) { try parser.next() }
    #expect(first == second)
  }

  @Test("buffers at most a piece and a line of an endless request")
  func boundedMemory() throws {
    var parser = RequestParser()
    parser.feed(chunked("").utf8)
    while let _ = try parser.next() {}
    let piece = Array("400;x\r\n\(String(repeating: "y", count: 1024))\r\n".utf8)
    for _ in 0..<1000 {
      parser.feed(piece)
      #expect(try parser.next() == nil)
      #expect(parser.bufferedCount <= piece.count)
    }
  }

  @Test("rejects each part above its limit, with its own status, before buffering much more than the limit")
  func limits() {
    var limits = RequestLimits()
    limits.requestLine = 100
    limits.fields = 400
    limits.fieldCount = 5
    limits.body = 10
    let long = String(repeating: "a", count: 1000)
    #expect(read(get(host, target: "/" + long), inPiecesOf: 7, limits: limits).error?.status.code == 414)
    #expect(read("GET /" + long, inPiecesOf: 7, limits: limits).error?.status.code == 414)
    #expect(read(get(host + "X: \(long)\r\n"), inPiecesOf: 7, limits: limits).error?.status.code == 431)
    #expect(read("GET / HTTP/1.1\r\nX: " + long, inPiecesOf: 7, limits: limits).error?.status.code == 431)
    let six = host + String(repeating: "X: 1\r\n", count: 5)
    #expect(read(get(six), inPiecesOf: 7, limits: limits).error?.status.code == 431)
    #expect(
      read(post("Content-Length: 11\r\n", ""), inPiecesOf: 7, limits: limits).error?.status.code == 413)
    #expect(
      read(chunked("6\r\n123456\r\n5\r\n12345\r\n"), inPiecesOf: 7, limits: limits).error?.status.code
        == 413)
  }

  @Test("returns the head before the body, and whether the client expects 100 Continue")
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
    "decides whether a connection persists (RFC 9112, section 9.3)",
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

  @Test("rejects a NUL character in a form, encoded or not", arguments: ["a=%00", "a=\0", "\0=b"])
  func formWithNUL(form: String) {
    #expect(throws: HTTPError.malformed(.percentEncoding)) {
      try RequestTarget.parameters(Array(form.utf8)[...])
    }
  }

  @Test("decodes names and values of the query, with a plus as a space")
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
