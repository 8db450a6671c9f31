import Foundation
import HTTPServer
import HTTPTypes
import TestSupport
import Testing

let getNow = "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("The server")
struct ServerTests {
  @Test("responds with Date, Content-Length and the body, and keeps the connection open")
  func keepAlive() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send(getNow)
    let response = try #require(await client.readResponses(1).first)
    #expect(response.status == 200 && response.body == "now")
    #expect(response.fields["content-length"] == "3" && response.fields["connection"] == nil)
    // IMF-fixdate, RFC 9110, section 5.6.7
    #expect(
      try #require(response.fields["date"]).wholeMatch(of: /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/)
        != nil)
    client.send(getNow)
    #expect(await client.readResponses(1).first?.status == 200)
  }

  @Test("answers pipelined requests in order, with immediate and suspending handlers")
  func pipelining() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst" + getNow
        + "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + getNow)
    server.gate.continuation.yield()
    #expect(await client.readResponses(4).map(\.body) == ["first", "now", "waited", "now"])
  }

  @Test("answers a request that arrives byte by byte")
  func slowly() async throws {
    let server = try TestServer()
    let client = try server.client()
    for byte in "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      .utf8
    { client.send([byte]) }
    #expect(await client.readResponses(1).first?.body == "abc")
  }

  @Test("answers HEAD with Content-Length and no body, and OPTIONS with the allowed methods")
  func headAndOptions() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send("HEAD /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    let head = await client.readToEnd()
    #expect(head.contains("Content-Length: 3\r\n") && head.hasSuffix("\r\n\r\n"))
    let second = try server.client()
    second.send("OPTIONS /now HTTP/1.1\r\nHost: a\r\n\r\n")
    let options = try #require(await second.readResponses(1).first)
    #expect(options.status == 204 && options.fields["allow"] == "GET, HEAD, OPTIONS")
  }

  @Test("keeps the connection open after 404, 405 with Allow, and 501")
  func routingErrors() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send(
      "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nPOST /now HTTP/1.1\r\nHost: a\r\n\r\nBREW /now HTTP/1.1\r\nHost: a\r\n\r\n"
        + getNow)
    #expect(await client.readResponses(4).map(\.status) == [404, 405, 501, 200])
  }

  @Test("answers a malformed request and closes the connection")
  func malformed() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send("GET / HTTP/1.1\r\n\r\n")
    let response = await client.readToEnd()
    #expect(response.hasPrefix("HTTP/1.1 400 ") && response.contains("Connection: close"))
  }

  @Test("rejects a body above the limit before reading it")
  func largeBody() async throws {
    let server = try TestServer { $0.limits.body = 10 }
    let client = try server.client()
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
    #expect(await client.readToEnd().hasPrefix("HTTP/1.1 413 "))
  }

  @Test(
    "rejects bodies that exceed the memory budget together, until memory is released",
    arguments: ["Content-Length: 1100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n44c\r\n"])
  func bodyMemory(head: String) async throws {
    let server = try TestServer { $0.maxBodyMemory = 1000 }
    func post(_ count: Int) async throws -> Int? {
      let client = try server.client()
      client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n")
      client.send([UInt8](repeating: 0, count: count))
      return await client.readResponses(1).first?.status
    }
    // Received bytes count before the body is complete.
    let unfinished = try server.client()
    unfinished.send("POST /echo HTTP/1.1\r\nHost: a\r\n" + head)
    unfinished.send([UInt8](repeating: 0, count: 1001))
    #expect(await unfinished.readToEnd().hasPrefix("HTTP/1.1 503 "))
    #expect(try await post(1001) == 503)
    // They count until the response is made.
    let waiting = try server.client()
    waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 800\r\n\r\n")
    waiting.send([UInt8](repeating: 0, count: 800))
    await server.untilBegun()
    #expect(try await post(201) == 503)
    #expect(try await post(200) == 200)
    server.gate.continuation.yield()
    #expect(await waiting.readResponses(1).first?.body == "waited")
    #expect(try await post(1000) == 200)
  }

  @Test("sends 100 Continue before the body of a client that expects it")
  func expectContinue() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    #expect(await client.readResponses(1).first?.status == 100)
    client.send("hi")
    #expect(await client.readResponses(1).first?.body == "hi")
  }

  @Test("closes an HTTP/1.0 connection unless the client asks to keep it alive")
  func http10() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send("GET /now HTTP/1.0\r\n\r\n")
    #expect(await client.readToEnd().hasSuffix("now"))
    let keeping = try server.client()
    keeping.send("GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(await keeping.readResponses(1).first?.fields["connection"] == "keep-alive")
    keeping.send("GET /now HTTP/1.0\r\n\r\n")
    #expect(await keeping.readToEnd().hasSuffix("now"))
  }

  @Test("answers a client that has shut down its sending side")
  func halfClosed() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send(getNow + "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
    client.finishSending()
    #expect(await client.readToEnd().hasSuffix("hi"))
  }

  @Test(
    "answers 503 above the connection limit, and accepts again below it", .timeLimit(.minutes(20)))
  func connectionCap() async throws {
    let server = try TestServer { $0.maxConnections = 1 }
    var first: RawClient? = try server.client()
    first?.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    await server.untilBegun()
    #expect(try await server.client().readToEnd().hasPrefix("HTTP/1.1 503 "))
    server.gate.continuation.yield()
    #expect(await first?.readResponses(1).first?.body == "waited")
    first?.finishSending()
    #expect(await first?.readToEnd() == "")
    first = nil
    // The slot comes free when the server has seen the end.
    var status: Int?
    while status != 200 {
      let client = try server.client()
      client.send(getNow)
      status = await client.readResponses(1).first?.status
    }
    #expect(status == 200)
  }

  @Test("receives and sends large bodies")
  func largeEcho() async throws {
    let server = try TestServer()
    let client = try server.client()
    let body = String(repeating: "0123456789abcdef", count: 200_000)
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
    #expect(await client.readResponses(1).first?.body == body)
  }

  @Test("answers accepted requests at shutdown, closes, and accepts no more connections")
  func shutdown() async throws {
    // Over a Unix socket: nothing else can come to listen where this server has listened.
    let socket = try SocketPath()
    let server = try TestServer {
      $0.unixSocket = socket.path
      $0.drainIdleTimeout = TestServer.patience
    }
    let waiting = try RawClient(path: socket.path)
    waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    await server.untilBegun()
    let idle = try RawClient(path: socket.path)
    idle.send(getNow)
    #expect(await idle.readResponses(1).first?.status == 200)

    async let done: Void = server.shutdown()
    // Once no connection is accepted, the next response on an open one is the last.
    while (try? RawClient(path: socket.path)) != nil { await Task.yield() }
    idle.send(getNow)
    #expect(await idle.readToEnd().contains("Connection: close"))
    server.gate.continuation.yield()
    #expect(await waiting.readToEnd().hasSuffix("waited"))
    await done
    #expect(server.server.connectionCount == 0)
    #expect(throws: (any Error).self) { try RawClient(path: socket.path) }
  }

  @Test("answers 503 above the connection limit, even if the request was sent already")
  func connectionCapWithRequest() async throws {
    let server = try TestServer { $0.maxConnections = 1 }
    let first = try server.client()
    first.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    await server.untilBegun()
    let second = try server.client()
    second.send(getNow + String(repeating: "x", count: 100_000))
    #expect(await second.readToEnd().hasPrefix("HTTP/1.1 503 "))
  }

  @Test("cancels a request whose client has disconnected in an orderly way")
  func clientGone() async throws {
    let server = try TestServer()
    var client: RawClient? = try server.client()
    client?.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    await server.untilBegun()
    client = nil
    await server.untilCancelled()
  }

  @Test("does not cancel a request whose client has only shut down its sending side")
  func clientHalfGone() async throws {
    let server = try TestServer { $0.headTimeout = .zero }
    let client = try server.client()
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    client.finishSending()
    await server.untilBegun()
    // The probe comes through; then time enough has passed for the next look.
    #expect(await client.readResponses(1).first?.status == 100)
    let slow = try server.client()
    slow.send("GET / HT")
    #expect(await slow.readToEnd().hasPrefix("HTTP/1.1 408 "))
    server.gate.continuation.yield()
    #expect(await client.readToEnd().hasSuffix("waited"))
  }

  @Test("answers 408 and closes when a head does not arrive in time")
  func slowHead() async throws {
    let server = try TestServer { $0.headTimeout = .zero }
    let client = try server.client()
    client.send("GET /now HTTP/1.1\r\nHost:")
    let response = await client.readToEnd()
    #expect(response.hasPrefix("HTTP/1.1 408 ") && response.contains("Connection: close"))
  }

  @Test("closes an idle connection without a response")
  func idle() async throws {
    let server = try TestServer { $0.idleTimeout = .zero }
    #expect(await (try server.client()).readToEnd() == "")
  }

  @Test("closes the connection of a client that does not read its response")
  func stalledClient() async throws {
    let server = try TestServer { $0.writeTimeout = .zero }
    let client = try server.client()
    client.send(getNow)
    #expect(await client.readResponses(1).first?.status == 200)
    // More than the system takes in for a client that does not read.
    client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 20))
    while server.server.connectionCount > 0 { await Task.yield() }
    #expect(await client.readToEnd().utf8.count < 20 * 8 << 20)
  }

  @Test("holds one response, not all, for a client that pipelines requests and reads nothing")
  func greedyClient() async throws {
    let server = try TestServer()
    let client = try server.client()
    let count = 12
    client.send(
      String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: count)
        + "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    let response = await client.readToEnd()
    #expect(response.utf8.count > count * 8 << 20 && response.hasSuffix("now"))
  }

  @Test("rejects at once a client that expects 100 Continue for an unknown path")
  func expectContinueForUnknownPath() async throws {
    let server = try TestServer()
    for (target, status) in [("/nowhere", 404), ("/now", 405)] {
      let client = try server.client()
      client.send("POST \(target) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
      #expect(await client.readToEnd().hasPrefix("HTTP/1.1 \(status) "))
    }
  }

  @Test("passes path parameters to the handler")
  func routeParameters() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send("GET /models/yolox-s HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(await client.readResponses(1).first?.body == "yolox-s")
  }

  @Test("rejects an unauthorized request before its body is sent")
  func authorize() async throws {
    let server = try TestServer()
    for expectation in ["", "Expect: 100-continue\r\n"] {
      let client = try server.client()
      client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nAuthorization: none\r\n\(expectation)Content-Length: 9999\r\n\r\n")
      let response = await client.readToEnd()
      #expect(response.hasPrefix("HTTP/1.1 401 ") && response.contains("Connection: close"))
    }
    let client = try server.client()
    client.send(
      "GET /now HTTP/1.1\r\nHost: a\r\nAuthorization: none\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(await client.readResponses(2).map(\.status) == [401, 200])
  }

  @Test("finalizes every response, including the one to a malformed request")
  func finalize() async throws {
    let server = try TestServer()
    for (request, field) in [
      ("GET /now HTTP/1.1\r\nHost: a\r\n\r\n", "/now"),
      ("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", "/nowhere"),
      ("GET /now HTTP/1.1\r\n\r\n", "/now"), ("GET\r\n\r\n", nil),
    ] {
      let client = try server.client()
      client.send(request)
      #expect(await client.readResponses(1).first?.fields["server"] == field)
    }
  }

  @Test("names statuses as HTTPTypes does, and none otherwise")
  func reasonPhrases() {
    let statuses: [HTTPResponse.Status] = [
      .ok, .noContent, .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .notAcceptable,
      .requestTimeout, .conflict, .lengthRequired, .contentTooLarge, .uriTooLong, .unsupportedMediaType,
      .expectationFailed, .unprocessableContent, .tooManyRequests, .requestHeaderFieldsTooLarge,
      .internalServerError, .notImplemented, .serviceUnavailable, .gatewayTimeout, .httpVersionNotSupported,
    ]
    for status in statuses { #expect(reasonPhrase(status.code) == status.reasonPhrase, "\(status.code)") }
    #expect((100...599).filter { !reasonPhrase($0).isEmpty } == statuses.map(\.code))
  }
}
