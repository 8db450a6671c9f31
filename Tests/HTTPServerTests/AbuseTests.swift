import Foundation
import HTTPServer
import HTTPTypes
import TestSupport
import Testing

private let getWait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("The server under abuse", .timeLimit(.minutes(20)))
struct AbuseTests {
  // MARK: Memory

  @Test(
    "frees the memory of a body on every way out",
    arguments: [
      ("POST /nowhere", 404), ("POST /now", 405), ("BREW /now", 501), ("GET /now", 200), ("POST /echo", 200),
      ("POST /echo HTTP/1.1\r\nAuthorization: none", 401),
      ("POST /nowhere HTTP/1.1\r\nExpect: 100-continue", 404),
    ])
  func bodyMemoryIsFreed(start: String, status: Int) async throws {
    let server = try TestServer { $0.maxBodyMemory = 1000 }
    let client = try server.client()
    let line = start.contains("HTTP/1.1") ? start : start + " HTTP/1.1"
    client.send(line + "\r\nHost: a\r\nContent-Length: 900\r\n\r\n")
    client.send([UInt8](repeating: 0, count: 900))
    #expect(await client.readResponses(1).first?.status == status)
    await until { server.server.bodyMemoryUsed == 0 }
    let other = try server.client()
    other.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
    other.send([UInt8](repeating: 0, count: 1000))
    #expect(await other.readResponses(1).first?.status == 200)
  }

  @Test("rejects an unknown path, method or route before the body arrives", arguments: [404, 405, 501])
  func rejectsBeforeBody(status: Int) async throws {
    let server = try TestServer()
    let client = try server.client()
    let start = [404: "POST /nowhere", 405: "POST /now", 501: "BREW /now"][status] ?? ""
    client.send("\(start) HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    let response = await client.readToEnd()
    #expect(response.hasPrefix("HTTP/1.1 \(status) ") && response.contains("Connection: close"))
  }

  @Test("answers a body rejected for memory once, while the client goes on sending")
  func rejectsForMemoryOnce() async throws {
    let server = try TestServer { $0.maxBodyMemory = 1000 }
    let client = try server.client()
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n")
    client.send([UInt8](repeating: 0, count: 1001))
    #expect(await client.readResponses(1).first?.status == 503)
    client.send([UInt8](repeating: 0, count: 1_998_999))
    client.finishSending()
    #expect(await client.readToEnd() == "")
    await until { server.server.connectionCount == 0 }
    #expect(server.accessLog.map(\.status) == [503])
    #expect(server.server.bodyMemoryUsed == 0)
  }

  // MARK: Fairness

  @Test("serves other connections between the requests of a client that pipelines")
  func pipeliningIsFair() async throws {
    let server = try TestServer { $0.eventLoopCount = 1 }
    let greedy = try server.client()
    let count = 1000
    greedy.send(
      "GET /block HTTP/1.1\r\nHost: a\r\n\r\n"
        + String(repeating: "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", count: count))
    await server.untilBegun()
    let modest = try server.client()
    modest.send(getNow)
    await until { server.server.connectionCount == 2 }
    server.blocked.signal()
    #expect(await modest.readResponses(1).first?.status == 200)
    #expect(await greedy.readResponses(count + 1).count == count + 1)
    let position = server.accessLog.firstIndex { $0.head?.target.path == "/now" } ?? .max
    #expect(position <= 16, "answered after \(position) other requests")
  }

  // MARK: Connections at the limit

  @Test("closes the longest-idle connection when one more is opened at the limit")
  func evictsLongestIdle() async throws {
    let server = try TestServer { $0.maxConnections = 2 }
    let first = try server.client()
    let second = try server.client()
    for client in [first, second] {
      client.send(getNow)
      #expect(await client.readResponses(1).first?.status == 200)
    }
    let third = try server.client()
    third.send(getNow)
    #expect(await third.readResponses(1).first?.status == 200)
    #expect(await first.readToEnd() == "")
    second.send(getNow)
    #expect(await second.readResponses(1).first?.status == 200)
    #expect(server.events == [.idleConnectionEvicted])
  }

  @Test("answers a probe, and nothing else, when all connections are busy")
  func reserveForProbes() async throws {
    let server = try TestServer { $0.maxConnections = 1 }
    let busy = try server.client()
    busy.send(getWait)
    await server.untilBegun()
    let probe = try server.client()
    probe.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    let answer = await probe.readToEnd()
    #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("Connection: close"))
    let other = try server.client()
    other.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
    #expect(await other.readToEnd().hasPrefix("HTTP/1.1 503 "))
    let slow = try server.client()
    slow.send("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
    #expect(await slow.readToEnd().hasPrefix("HTTP/1.1 503 "))
    #expect(server.events.filter { $0 == .connectionRejected(.connectionLimit) }.count == 2)
    server.gate.continuation.yield()
    #expect(await busy.readResponses(1).first?.body == "waited")
  }

  @Test("counts a lack of descriptors, and makes room by closing an idle connection")
  func descriptorsExhausted() async {
    // In a process of its own, because the limit holds for all of it.
    await #expect(processExitsWith: .success) {
      let server = try TestServer()
      let idle = try server.client()
      idle.send(getNow)
      #expect(await idle.readResponses(1).first?.status == 200)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      var limit = rlimit(rlim_cur: 256, rlim_max: 256)
      #expect(setrlimit(resource, &limit) == 0)
      var taken: [Int32] = []
      while case let descriptor = dup(0), descriptor >= 0 { taken.append(descriptor) }
      // For the client's socket; none is left for the server's.
      close(taken.removeLast())
      let client = try server.client()
      client.send(getNow)
      #expect(await client.readResponses(1).first?.status == 200)
      #expect(server.events.contains(.descriptorsExhausted))
      #expect(server.events.contains(.idleConnectionEvicted))
      #expect(await idle.readToEnd() == "")
    }
  }

  // MARK: Disconnecting

  @Test(
    "notices that a client has disconnected behind a byte that is not wanted yet", arguments: [true, false])
  func disconnectsBehindInput(isReset: Bool) async throws {
    let server = try TestServer()
    var client: RawClient? = try server.client()
    if isReset { client?.resetAtEnd() }
    client?.send(getWait + "G")
    await server.untilBegun()
    client = nil
    await server.untilCancelled()
    await until { server.server.connectionCount == 0 }
    #expect(server.accessLog.map(\.status) == [AccessRecord.noResponse])
  }

  @Test("still answers pipelined requests of a client that has shut down its sending side")
  func halfClosedBehindInput() async throws {
    let server = try TestServer()
    let client = try server.client()
    client.send(getWait + getNow + "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
    client.send([UInt8](repeating: UInt8(ascii: "x"), count: 200_000))
    client.finishSending()
    await server.untilBegun()
    server.gate.continuation.yield()
    let responses = await client.readToEnd()
    #expect(responses.contains("waited") && responses.hasSuffix(String(repeating: "x", count: 200_000)))
  }

  @Test("closes a connection with its first response after the maximum age")
  func maxConnectionAge() async throws {
    let server = try TestServer { $0.maxConnectionAge = .zero }
    let client = try server.client()
    client.send(getNow + getNow)
    let response = await client.readToEnd()
    #expect(response.contains("Connection: close") && response.hasSuffix("\r\n\r\nnow"))
  }

  @Test("does not remove the Unix socket of a successor")
  func successorsSocket() async throws {
    let socket = try SocketPath()
    let leaver = try TestServer { $0.unixSocket = socket.path }
    try FileManager.default.removeItem(atPath: socket.path)
    let successor = try TestServer { $0.unixSocket = socket.path }
    await leaver.shutdown()
    let client = try RawClient(path: socket.path)
    client.send(getNow)
    #expect(await client.readResponses(1).first?.status == 200)
    await successor.shutdown()
  }

  @Test("tells a blocked event loop from a responsive one")
  func responsiveness() async throws {
    let server = try TestServer()
    #expect(await server.server.isResponsive(within: TestServer.patience))
    let client = try server.client()
    client.send("GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
    await server.untilBegun()
    #expect(await server.server.isResponsive(within: .milliseconds(50)) == false)
    server.blocked.signal()
    #expect(await client.readResponses(1).first?.status == 200)
  }

  // MARK: The access log

  @Test("records every request with its bytes, and those that the server rejects itself")
  func accessLog() async throws {
    let server = try TestServer()
    let described = "GET /described HTTP/1.1\r\nHost: a\r\n\r\n"
    let echo = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    let requests = [
      described, echo, "OPTIONS /now HTTP/1.1\r\nHost: a\r\n\r\n", "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /now HTTP/1.1\r\nHost: a\r\nAuthorization: none\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
    ]
    let client = try server.client()
    client.send(requests.joined())
    let sent = await client.readToEnd()
    await until { server.server.connectionCount == 0 }
    let log = server.accessLog
    #expect(log.map(\.status) == [200, 200, 204, 404, 401, 400])
    #expect(log.map { $0.head?.target.path } == ["/described", "/echo", "/now", "/nowhere", "/now", "/"])
    #expect(log.map(\.bytesReceived) == requests.map(\.utf8.count))
    #expect(log.map(\.bytesSent).reduce(0, +) == sent.utf8.count)
    #expect(log.allSatisfy { $0.peer.hasPrefix("127.0.0.1:") && $0.duration >= .zero })
    #expect(log[0].fields.route == "/described" && log[0].fields.images == 3)
  }

  @Test("reports which timeout has ended a connection")
  func timeoutEvents() async throws {
    let server = try TestServer {
      $0.headTimeout = .zero
      $0.idleTimeout = .zero
    }
    let slow = try server.client()
    slow.send("GET")
    #expect(await slow.readToEnd().hasPrefix("HTTP/1.1 408 "))
    #expect(server.events.contains(.timeout(.head)))
    #expect(await (try server.client()).readToEnd() == "")
    #expect(server.events.contains(.timeout(.idle)))
  }
}
