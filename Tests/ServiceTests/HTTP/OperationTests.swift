import Foundation
import HTTPServer
import Logging
import PrometheusMetrics
import Service
import Synchronization
import TestSupport
import Testing

/// The service without a loaded model: its routes, log and metrics.
private struct UnloadedService {
  let log = MemoryLog()
  let metrics = ServiceMetrics(version: "test")
  let server: Server
  let admin: Server?
  let port: Int
  let adminPort: Int?

  init(_ adjust: (inout DetectionService.Configuration) -> Void = { _ in }) throws {
    var configuration = DetectionService.Configuration()
    configuration.server.port = 0
    configuration.threads = 1
    adjust(&configuration)
    let models = ModelRegistry(
      [ModelSource(name: "none") { throw CancellationError() }], configuration: configuration,
      metrics: metrics,
      logger: log.logger)
    (server, admin) = DetectionService.servers(
      models, configuration: configuration, readiness: Readiness(.ready), metrics: metrics, logger: log.logger
    )
    port = try server.start()
    adminPort = try admin?.start()
  }

  func get(_ path: String, port: Int? = nil) async throws -> RawResponse {
    let client = try RawClient(port: port ?? self.port)
    client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
    return try #require(await client.readResponses(1).first)
  }
}

@Suite("Operation", .timeLimit(.minutes(10)))
struct OperationTests {
  // MARK: The access log

  @Test("logs every request once, with numbers as numbers, rejected requests and OPTIONS too")
  func accessLog() async throws {
    let service = try UnloadedService()
    let client = try RawClient(port: service.port)
    client.send(
      "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n"
        + "OPTIONS /detect HTTP/1.1\r\nHost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n"
    )
    let received = await client.readToEnd()
    let lines = service.log.lines
    #expect(lines.map(\.message) == ["request", "request", "request", "request"])
    #expect(lines.map { $0.number("status") } == [200, 204, 404, 400])
    #expect(lines.map { $0.text("method") } == ["GET", "OPTIONS", "GET", nil])
    #expect(lines.map { $0.text("target") } == ["/healthz", "/detect", "/nowhere", nil])
    #expect(lines[0].text("id") == "mine" && lines[0].text("route") == "/healthz")
    #expect(lines[0].level == .debug && lines[1].level == .info)
    #expect(lines[2].text("reason")?.contains("/nowhere") == true)
    #expect(lines.compactMap { $0.number("bytes_out") }.reduce(0, +) == Double(received.utf8.count))
    #expect(lines.allSatisfy { $0.number("duration_ms") != nil && ($0.number("bytes_in") ?? 0) > 0 })
    #expect(lines.allSatisfy { $0.text("peer")?.hasPrefix("127.0.0.1:") == true })
  }

  @Test("logs ten rejected requests a second, and says how many lines it skipped")
  func rejectedLines() {
    let limit = LogRateLimit(linesPerSecond: 10)
    let start = ContinuousClock.now
    #expect((0..<10).map { _ in limit.admit(at: start) } == [Int?](repeating: 0, count: 10))
    for step in 0..<90 { #expect(limit.admit(at: start + .milliseconds(step)) == nil) }
    #expect(limit.admit(at: start + .seconds(1)) == 90)
    #expect(limit.admit(at: start + .seconds(1)) == 0)
  }

  @Test("keeps the log of a client that asks for unknown paths short")
  func floodOfRejections() async throws {
    let service = try UnloadedService()
    let client = try RawClient(port: service.port)
    let count = 2000
    let start = ContinuousClock.now
    client.send(String(repeating: "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", count: count))
    #expect(await client.readResponses(count).count == count)
    let seconds = Double((ContinuousClock.now - start).components.seconds) + 2
    #expect(Double(service.log.lines.count) <= 10 * seconds)
    #expect(
      service.metrics.registry.text.contains(#"yolox_requests_total{route="none",status="404"} \#(count)"#))
  }

  @Test(
    "logs images and model of a detection, also if it is rejected")
  func detectionLog() async throws {
    let service = try await TestService()
    let dog = try ServedScene.current.imageBytes
    #expect(try await service.post(dog).status == 200)
    #expect(try await service.post(Array(dog.prefix(1000))).status == 422)
    let lines = service.log.lines.filter { $0.message == "request" }
    #expect(lines.map { $0.number("status") } == [200, 422])
    #expect(lines.map { $0.number("images") } == [1, 1])
    #expect(lines.allSatisfy { $0.text("model") == "yolox-nano" && $0.text("route") == "/detect" })
    #expect((lines[0].number("bytes_in") ?? 0) > Double(dog.count))
  }

  // MARK: Metrics

  @Test("counts what the server reports, beginning at zero")
  func serverEvents() {
    let metrics = ServiceMetrics(version: "test")
    let log = MemoryLog()
    func value(_ series: String) -> String? {
      metrics.registry.text.split(separator: "\n").first { $0.hasPrefix(series + " ") }.map {
        String($0.dropFirst(series.utf8.count + 1))
      }
    }
    let rejected = #"yolox_connections_rejected_total{reason="connection_limit"}"#
    #expect(value(rejected) == "0" && value(#"yolox_timeouts_total{phase="body"}"#) == "0")
    metrics.server.handle(.connectionRejected(.connectionLimit), logger: log.logger)
    metrics.server.handle(.timeout(.body), logger: log.logger)
    metrics.server.handle(.idleConnectionEvicted, logger: log.logger)
    for _ in 0..<3 { metrics.server.handle(.descriptorsExhausted, logger: log.logger) }
    metrics.server.handle(.connectionLimitReduced(from: 1024, to: 100), logger: log.logger)
    #expect(value(rejected) == "1" && value(#"yolox_timeouts_total{phase="body"}"#) == "1")
    #expect(value("yolox_descriptors_exhausted_total") == "3")
    #expect(value("yolox_idle_connections_evicted_total") == "1")
    metrics.server.update(droppedLogLines: 7)
    #expect(value("yolox_log_lines_dropped_total") == "7")
    #expect((value("process_max_fds").flatMap { Int($0) } ?? 0) > 0)
    // The second and third exhaustion of a second are not logged.
    #expect(log.lines.map(\.level) == [.warning, .warning])
    #expect(log.lines.last?.number("effective") == 100)
  }

  @Test("has the memory of bodies and its limit")
  func bodyMemory() async throws {
    let service = try UnloadedService { $0.server.maxBodyMemory = 30 << 20 }
    let text = try await service.get("/metrics").body
    #expect(text.contains("yolox_body_memory_limit_bytes \(30 << 20)\n"))
    #expect(text.contains("yolox_body_memory_bytes 0\n") && text.contains("yolox_event_loop_lag_seconds "))
  }

  @Test("makes the text of the metrics once a second at most")
  func metricsText() {
    let cached = MetricsText()
    let start = ContinuousClock.now
    #expect(cached.text(at: start) { "first" } == "first")
    #expect(cached.text(at: start + .milliseconds(999)) { "second" } == "first")
    #expect(cached.text(at: start + .seconds(1)) { "third" } == "third")
  }

  // MARK: The admin port

  @Test("serves probes and metrics on the admin port, and metrics nowhere else")
  func adminPort() async throws {
    let service = try UnloadedService { $0.adminPort = 0 }
    let adminPort = try #require(service.adminPort)
    // No model is loaded.
    for (path, status) in [("/healthz", 200), ("/readyz", 503), ("/metrics", 200)] {
      #expect(try await service.get(path, port: adminPort).status == status, "\(path)")
    }
    #expect(try await service.get("/v1/models", port: adminPort).status == 404)
    #expect(try await service.get("/healthz").status == 200)
    #expect(try await service.get("/metrics").status == 404)
  }

  // MARK: The service manager

  @Test("tells the service manager that it is alive, again and again")
  func watchdog() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "w-\(UUID().uuidString.prefix(8))").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let socket = Foundation.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(status == 0)
    let service = try UnloadedService()
    let manager = ServiceManager(environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"])
    let watchdog = Task { await Watchdog(manager: manager, server: service.server).run() }
    var count = 0
    while count < 3 {
      var buffer = [UInt8](repeating: 0, count: 100)
      let received = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if received > 0 {
        #expect(String(decoding: buffer.prefix(received), as: UTF8.self) == "WATCHDOG=1")
        count += 1
      } else {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
    watchdog.cancel()
    await watchdog.value
  }
}
