import HTTPServer
import HTTPTypes
import Testing

/// A connection and the time that it is told: nothing here waits.
private struct Script {
  let start = ContinuousClock.now
  var state: ConnectionState
  var now: ContinuousClock.Instant

  init(
    age: Duration? = nil, isReserve: Bool = false, _ adjust: (inout ServerConfiguration) -> Void = { _ in }
  ) {
    var configuration = ServerConfiguration()
    adjust(&configuration)
    now = start
    state = ConnectionState(configuration: configuration, age: age, isReserve: isReserve, at: now)
  }

  mutating func pass(_ seconds: Double) { now += .seconds(seconds) }

  /// What the connection does once it has received `text`: a word for each step.
  @discardableResult
  mutating func receive(_ text: String) -> [String] {
    Array(text.utf8).withUnsafeBufferPointer { state.receivedBytes($0, at: now) }
    return steps()
  }

  mutating func steps() -> [String] {
    var words: [String] = []
    while true {
      switch state.nextAction(at: now) {
      case .wait: return words
      case .head(_, let expectsContinue): if expectsContinue { words.append("expectation") }
      case .request(let head, let body, _): words.append("\(head.target.path) \(body.count)")
      case .reject(let error): words.append("\(error.status.code)")
      }
    }
  }

  var timeoutAction: ConnectionState.TimeoutAction? { state.timeoutAction(at: now) }
}

private let request = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

private func post(_ length: Int, _ fields: String = "") -> String {
  "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\(fields)\r\n"
}

@Suite("The state of a connection")
struct ConnectionStateTests {
  // MARK: Time

  @Test("closes an idle connection after 75 s, without a response")
  func idle() {
    var script = Script()
    script.pass(75)
    #expect(script.timeoutAction == nil)
    script.pass(0.1)
    #expect(script.timeoutAction == .close(.idle))
  }

  @Test("restarts the idle timeout after each response")
  func idleAgain() {
    var script = Script()
    script.pass(70)
    script.receive(request)
    #expect(script.state.responded(at: script.now) == false)
    script.pass(70)
    #expect(script.timeoutAction == nil)
    script.pass(6)
    #expect(script.timeoutAction == .close(.idle))
  }

  @Test("gives a head 10 s from its first byte, however often more bytes arrive")
  func slowHead() {
    var script = Script()
    script.pass(60)
    for byte in request.prefix(20) {
      #expect(script.timeoutAction == nil)
      script.receive(String(byte))
      script.pass(0.51)
    }
    #expect(script.timeoutAction == .reject(.requestTimeout, .head))
  }

  @Test("does not take an empty line as the start of a head")
  func emptyLineIsIdle() {
    var script = Script()
    script.receive("\r\n")
    script.pass(20)
    #expect(script.timeoutAction == nil)
  }

  @Test("requires 1 KiB/s of a body after its first 10 s, and all of it within a minute")
  func slowBody() {
    var script = Script()
    script.receive(post(1 << 20))
    script.pass(10)
    #expect(script.timeoutAction == nil)
    script.pass(1)
    #expect(script.timeoutAction == .reject(.requestTimeout, .body))
    script.receive(String(repeating: "x", count: 60 << 10))
    #expect(script.timeoutAction == nil)
    script.pass(48)
    #expect(script.timeoutAction == nil)
    script.pass(2)
    #expect(script.timeoutAction == .reject(.requestTimeout, .body))
  }

  @Test("has no timeout for the handler")
  func handlingHasNoTimeout() {
    var script = Script()
    script.receive(request)
    script.pass(3600)
    #expect(script.timeoutAction == nil)
  }

  @Test("closes after 30 s without write progress; any progress restarts the timeout")
  func writeStall() {
    var script = Script()
    script.receive(request)
    _ = script.state.responded(at: script.now)
    script.state.writeBlocked(afterWriting: 0, at: script.now)
    script.pass(29)
    #expect(script.timeoutAction == nil)
    script.state.writeBlocked(afterWriting: 1 << 20, at: script.now)
    script.pass(29)
    #expect(script.timeoutAction == nil)
    script.pass(2)
    #expect(script.timeoutAction == .close(.write))
  }

  @Test("closes a response that is read below 1 KiB/s after its first 30 s, though it progresses")
  func slowReader() {
    var script = Script()
    script.receive(request)
    _ = script.state.responded(at: script.now)
    script.state.writeBlocked(afterWriting: 1 << 20, at: script.now)
    for _ in 0..<15 {
      script.pass(2)
      script.state.writeBlocked(afterWriting: 2 * 345, at: script.now)
      #expect(script.timeoutAction == nil)
    }
    script.pass(1)
    script.state.writeBlocked(afterWriting: 345, at: script.now)
    #expect(script.timeoutAction == .close(.write))
    // Bytes that were accepted at once say nothing about the reader.
    script = Script()
    script.receive(request)
    script.state.writeBlocked(afterWriting: 1 << 20, at: script.now)
    for _ in 0..<60 {
      script.pass(1)
      script.state.writeBlocked(afterWriting: 1100, at: script.now)
      #expect(script.timeoutAction == nil)
    }
  }

  @Test("reads for up to 30 s after the last response while the client sends, and keeps nothing of it")
  func lingeringUpload() {
    var script = Script()
    script.receive(post(1 << 20))
    script.receive("some")
    #expect(script.state.bodyCount == 4)
    script.state.close()
    #expect(script.state.bodyCount == 0)
    #expect(script.state.writeCompleted(at: script.now) == .shutdownWrite)
    for _ in 0..<29 {
      script.pass(1)
      #expect(script.receive("more") == [])
      #expect(script.state.bodyCount == 0 && script.timeoutAction == nil)
    }
    script.pass(1.5)
    #expect(script.timeoutAction == .close(.linger))
  }

  @Test("closes with the first response after its age, and not before")
  func age() {
    var script = Script(age: .seconds(100))
    script.pass(60)
    script.receive(request)
    script.pass(39)
    #expect(script.state.responded(at: script.now) == false)
    script.pass(2)
    #expect(script.timeoutAction == nil)
    script.receive(request)
    #expect(script.state.responded(at: script.now) == true)
  }

  @Test("answers one request on a connection in reserve, for which it has a second")
  func reserve() {
    var script = Script(isReserve: true)
    script.pass(0.9)
    #expect(script.timeoutAction == nil)
    #expect(script.receive(request + request) == ["/a 0"])
    #expect(script.state.responded(at: script.now) == true)
    script = Script(isReserve: true)
    script.pass(1.1)
    #expect(script.timeoutAction == .reject(.tooManyConnections, .head))
    script = Script(isReserve: true)
    script.pass(0.5)
    script.receive("\r\n")
    script.pass(0.6)
    #expect(script.timeoutAction == .reject(.tooManyConnections, .head))
    // It does not linger for as long as the client sends.
    script.state.close()
    _ = script.state.writeCompleted(at: script.now)
    for _ in 0..<3 {
      script.pass(0.8)
      script.receive("more")
    }
    #expect(script.timeoutAction == .close(.linger))
  }

  // MARK: Arrival

  @Test("measures a request from its last byte, and a pipelined one not before the previous response")
  func arrival() {
    var script = Script()
    func arrival() -> ConnectionState.Arrival? {
      guard case .request(_, _, let arrival) = script.state.nextAction(at: script.now) else { return nil }
      return arrival
    }
    func feed(_ text: String) {
      Array(text.utf8).withUnsafeBufferPointer { script.state.receivedBytes($0, at: script.now) }
    }
    feed(String(request.dropLast()))
    #expect(arrival() == nil)
    script.pass(5)
    let next = post(2) + "ab"
    feed("\r\n" + next)
    #expect(arrival() == .init(receivedAt: script.now, byteCount: request.utf8.count))
    script.pass(7)
    _ = script.state.responded(at: script.now)
    _ = script.state.nextAction(at: script.now)
    #expect(arrival() == .init(receivedAt: script.now, byteCount: next.utf8.count))
  }

  @Test("lingers for at most 2 s after the last response")
  func lingering() {
    var script = Script()
    #expect(script.receive("nonsense\r\n") == ["400"])
    #expect(script.state.wantsRead == false)
    #expect(script.state.writeCompleted(at: script.now) == .shutdownWrite)
    #expect(script.state.wantsRead)
    #expect(script.receive(request) == [])
    #expect(script.timeoutAction == nil)
    script.pass(2.1)
    #expect(script.timeoutAction == .close(.linger))
  }

  // MARK: Backpressure

  @Test("reads at most one piece while the handler is busy")
  func backpressure() {
    var script = Script()
    #expect(script.receive(request) == ["/a 0"])
    #expect(script.state.wantsRead)
    #expect(script.receive(request + request) == [])
    #expect(script.state.wantsRead == false)
    _ = script.state.responded(at: script.now)
    #expect(script.steps() == ["/a 0"])
    #expect(script.state.wantsRead == false)
    _ = script.state.responded(at: script.now)
    #expect(script.steps() == ["/a 0"])
    #expect(script.state.wantsRead)
  }

  @Test("processes no request while earlier responses are not written")
  func writeBlockedProcessesNothing() {
    var script = Script()
    script.state.writeBlocked(afterWriting: 0, at: script.now)
    #expect(script.receive(request) == [])
    #expect(script.state.wantsRead == false)
    #expect(script.state.writeCompleted(at: script.now) == .proceed)
    #expect(script.steps() == ["/a 0"])
  }

  // MARK: The end

  @Test(
    "closes at the end of input without a request, and after the response with one"
  )
  func peerEnds() {
    var script = Script()
    #expect(script.state.receivedEOF() == .close)
    script = Script()
    script.receive("GET / HT")
    #expect(script.state.receivedEOF() == .close)
    script = Script()
    script.receive(request)
    #expect(script.state.receivedEOF() == .probe)
    #expect(script.state.responded(at: script.now) == true)
    #expect(script.state.writeCompleted(at: script.now) == .close)
    script = Script()
    script.receive("GET /a HTTP/1.0\r\n\r\n")
    // 1.0 knows no 100 Continue.
    #expect(script.state.receivedEOF() == .wait)
  }

  @Test("answers every complete request of a half-closed peer, and drops an incomplete one")
  func halfClosedPipeline() {
    var script = Script()
    #expect(script.receive(request + request + "GET /un") == ["/a 0"])
    _ = script.state.receivedEOF()
    #expect(script.state.responded(at: script.now) == false)
    #expect(script.steps() == ["/a 0"])
    #expect(script.state.responded(at: script.now) == false)
    #expect(script.steps() == [])
    #expect(script.state.writeCompleted(at: script.now) == .close)
  }

  @Test("closes with the response in progress while draining, even if more requests are pipelined")
  func draining() {
    var script = Script()
    #expect(script.receive(request + request) == ["/a 0"])
    script.state.drain(at: script.now)
    #expect(script.state.responded(at: script.now) == true)
    #expect(script.steps() == [])
    #expect(script.state.writeCompleted(at: script.now) == .shutdownWrite)
  }

  @Test("rejects a body with 408 that sends nothing for 5 s while draining")
  func drainingStalledBody() {
    var script = Script()
    script.receive(post(1 << 20))
    script.receive("some")
    script.pass(20)
    script.receive(String(repeating: "x", count: 60 << 10))
    script.state.drain(at: script.now)
    script.pass(4)
    #expect(script.timeoutAction == nil)
    script.receive(String(repeating: "x", count: 60 << 10))
    script.pass(5)
    #expect(script.timeoutAction == nil)
    script.pass(0.1)
    #expect(script.timeoutAction == .reject(.requestTimeout, .body))
  }

  @Test("keeps an idle connection for 2 s while draining, for a request that is under way")
  func drainingIdle() {
    var script = Script()
    script.pass(30)
    script.state.drain(at: script.now)
    script.pass(1.9)
    #expect(script.timeoutAction == nil)
    #expect(script.receive(request) == ["/a 0"])
    #expect(script.state.responded(at: script.now) == true)
    script = Script()
    script.state.drain(at: script.now)
    script.pass(2.1)
    #expect(script.timeoutAction == .close(.idle))
  }

  @Test("reports that a client expects 100 Continue, and can reject it without the body")
  func expectation() {
    var script = Script()
    #expect(script.receive(post(5, "Expect: 100-continue\r\n")) == ["expectation"])
    #expect(script.receive("hello") == ["/b 5"])
    script = Script()
    #expect(script.receive(post(5, "Expect: 100-continue\r\n")) == ["expectation"])
    script.state.close()
    #expect(script.receive("hello" + request) == [])
  }
}
