import HTTPServer
import HTTPTypes
import Testing

/// A connection and the time that it is told: nothing here waits.
private struct Script {
  let start = ContinuousClock.now
  var state: ConnectionState
  var now: ContinuousClock.Instant

  init(_ adjust: (inout ServerConfiguration) -> Void = { _ in }) {
    var configuration = ServerConfiguration()
    adjust(&configuration)
    now = start
    state = ConnectionState(configuration: configuration, at: now)
  }

  mutating func pass(_ seconds: Double) { now += .seconds(seconds) }

  /// What the connection does once it has received `text`: a word for each step.
  @discardableResult
  mutating func receive(_ text: String) -> [String] {
    Array(text.utf8).withUnsafeBufferPointer { state.received($0, at: now) }
    return steps()
  }

  mutating func steps() -> [String] {
    var words: [String] = []
    while true {
      switch state.next(at: now) {
      case .wait: return words
      case .head(_, let expectsContinue): if expectsContinue { words.append("expectation") }
      case .request(let head, let body, _): words.append("\(head.target.path) \(body.count)")
      case .refuse(let refusal): words.append("\(refusal.status.code)")
      }
    }
  }

  var lapse: ConnectionState.Lapse? { state.lapse(at: now) }
}

private let request = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

private func post(_ length: Int, _ fields: String = "") -> String {
  "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\(fields)\r\n"
}

@Suite("ConnectionState")
struct ConnectionStateTests {
  // MARK: Time

  @Test("an idle connection is closed after 75 s, without a word")
  func idle() {
    var script = Script()
    script.pass(75)
    #expect(script.lapse == nil)
    script.pass(0.1)
    #expect(script.lapse == .close)
  }

  @Test("each answer begins the idle time anew")
  func idleAgain() {
    var script = Script()
    script.pass(70)
    script.receive(request)
    #expect(script.state.answered(at: script.now) == false)
    script.pass(70)
    #expect(script.lapse == nil)
    script.pass(6)
    #expect(script.lapse == .close)
  }

  @Test("a head has 10 s from its first byte, however often more bytes come")
  func slowHead() {
    var script = Script()
    script.pass(60)
    for byte in request.prefix(20) {
      #expect(script.lapse == nil)
      script.receive(String(byte))
      script.pass(0.51)
    }
    #expect(script.lapse == .refuse(.requestTimedOut))
  }

  @Test("an empty line does not begin a head")
  func emptyLineIsIdle() {
    var script = Script()
    script.receive("\r\n")
    script.pass(20)
    #expect(script.lapse == nil)
  }

  @Test("a body has 10 s of grace, then it must keep up 1 KiB/s, and be there after a minute")
  func slowBody() {
    var script = Script()
    script.receive(post(1 << 20))
    script.pass(10)
    #expect(script.lapse == nil)
    script.pass(1)
    #expect(script.lapse == .refuse(.requestTimedOut))
    script.receive(String(repeating: "x", count: 60 << 10))
    #expect(script.lapse == nil)
    script.pass(48)
    #expect(script.lapse == nil)
    script.pass(2)
    #expect(script.lapse == .refuse(.requestTimedOut))
  }

  @Test("the application may take its time")
  func answeringHasNoTimeout() {
    var script = Script()
    script.receive(request)
    script.pass(3600)
    #expect(script.lapse == nil)
  }

  @Test("a peer that takes nothing for 30 s is cut off; any progress begins the time anew")
  func writeStall() {
    var script = Script()
    script.receive(request)
    _ = script.state.answered(at: script.now)
    script.state.stalled(at: script.now)
    script.pass(29)
    #expect(script.lapse == nil)
    script.state.stalled(at: script.now)
    script.pass(29)
    #expect(script.lapse == nil)
    script.pass(2)
    #expect(script.lapse == .close)
  }

  @Test("after the last answer the connection reads on for 2 s at most")
  func lingering() {
    var script = Script()
    #expect(script.receive("nonsense\r\n") == ["400"])
    #expect(script.state.wantsInput == false)
    #expect(script.state.written(at: script.now) == .endSending)
    #expect(script.state.wantsInput)
    #expect(script.receive(request) == [])
    #expect(script.lapse == nil)
    script.pass(2.1)
    #expect(script.lapse == .close)
  }

  // MARK: Backpressure

  @Test("reads no further than one piece while the application is busy")
  func backpressure() {
    var script = Script()
    #expect(script.receive(request) == ["/a 0"])
    #expect(script.state.wantsInput)
    #expect(script.receive(request + request) == [])
    #expect(script.state.wantsInput == false)
    _ = script.state.answered(at: script.now)
    #expect(script.steps() == ["/a 0"])
    #expect(script.state.wantsInput == false)
    _ = script.state.answered(at: script.now)
    #expect(script.steps() == ["/a 0"])
    #expect(script.state.wantsInput)
  }

  @Test("takes no request while the answers before it are not taken")
  func stalledTakesNothing() {
    var script = Script()
    script.state.stalled(at: script.now)
    #expect(script.receive(request) == [])
    #expect(script.state.wantsInput == false)
    #expect(script.state.written(at: script.now) == .goOn)
    #expect(script.steps() == ["/a 0"])
  }

  // MARK: The end

  @Test(
    "a peer that leaves without a request is let go at once, one with a request gets its answer, then the end"
  )
  func peerEnds() {
    var script = Script()
    #expect(script.state.peerEnded() == .close)
    script = Script()
    script.receive("GET / HT")
    #expect(script.state.peerEnded() == .close)
    script = Script()
    script.receive(request)
    #expect(script.state.peerEnded() == .probe)
    #expect(script.state.answered(at: script.now) == true)
    #expect(script.state.written(at: script.now) == .close)
    script = Script()
    script.receive("GET /a HTTP/1.0\r\n\r\n")
    // 1.0 knows no 100 Continue.
    #expect(script.state.peerEnded() == .wait)
  }

  @Test("answers all that a half-closed peer has asked, and nothing of what it has not finished asking")
  func halfClosedPipeline() {
    var script = Script()
    #expect(script.receive(request + request + "GET /un") == ["/a 0"])
    _ = script.state.peerEnded()
    #expect(script.state.answered(at: script.now) == false)
    #expect(script.steps() == ["/a 0"])
    #expect(script.state.answered(at: script.now) == false)
    #expect(script.steps() == [])
    #expect(script.state.written(at: script.now) == .close)
  }

  @Test("when the server stops, what has come is answered, the last with an end")
  func draining() {
    var script = Script()
    #expect(script.receive(request + request) == ["/a 0"])
    script.state.drain(at: script.now)
    #expect(script.state.answered(at: script.now) == false)
    #expect(script.steps() == ["/a 0"])
    #expect(script.state.answered(at: script.now) == true)
    #expect(script.state.written(at: script.now) == .endSending)
  }

  @Test("when the server stops, an idle connection has 2 s more, for a request that is on its way")
  func drainingIdle() {
    var script = Script()
    script.pass(30)
    script.state.drain(at: script.now)
    script.pass(1.9)
    #expect(script.lapse == nil)
    #expect(script.receive(request) == ["/a 0"])
    #expect(script.state.answered(at: script.now) == true)
    script = Script()
    script.state.drain(at: script.now)
    script.pass(2.1)
    #expect(script.lapse == .close)
  }

  @Test("says when a client waits for leave to send its body, and can do without the body")
  func expectation() {
    var script = Script()
    #expect(script.receive(post(5, "Expect: 100-continue\r\n")) == ["expectation"])
    #expect(script.receive("hello") == ["/b 5"])
    script = Script()
    #expect(script.receive(post(5, "Expect: 100-continue\r\n")) == ["expectation"])
    script.state.finish()
    #expect(script.receive("hello" + request) == [])
  }
}
