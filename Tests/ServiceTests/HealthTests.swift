import Foundation
import HTTPServer
import Logging
import Service
import TestSupport
import Testing
import YOLOX

@Suite("Health of the service", .serialized)
struct HealthTests {
  @Test("an unloaded model leaves the metrics, and a service without models is not ready")
  func unload() async throws {
    let service = try await TestService(models: ["door", "yard"])
    func infos() async throws -> [Substring] {
      // The text of the metrics is made once a second at most.
      try await Task.sleep(for: .milliseconds(1100))
      return try await service.get("/metrics").body.split(separator: "\n").filter {
        $0.hasPrefix("yolox_model_info{")
      }
    }
    #expect(try await infos().count == 2)
    try service.models.unload("yard")
    let left = try await infos()
    #expect(left.count == 1 && left[0].contains(#"model="door""#))
    #expect(try await service.get("/readyz").status == 200)
    try service.models.unload("door")
    #expect(try await infos().isEmpty)
    for path in ["/readyz", "/v2/health/ready"] {
      #expect(try await service.get(path).status == 503, "\(path)")
    }
    #expect(try await service.get("/readyz").json["detail"] as? String == "No model is loaded.")
    #expect(try await service.get("/ping").status == 500)
    #expect(try await service.get("/healthz").status == 200)
    try await service.models.load("yard")
    #expect(try await service.get("/readyz").status == 200)
    #expect(try await infos().count == 1)
  }

  @Test("a job far beyond its expectation makes the service not ready", .timeLimit(.minutes(10)))
  func watchdog() async throws {
    let service = try await TestService { $0.maxJobAge = .nanoseconds(1) }
    #expect(try await service.get("/readyz").status == 200)
    let dog = try ServedScene.current.imageBytes
    let done = EventList()
    async let detection: RawResponse = {
      defer { done.append("detection") }
      return try await service.post(dog)
    }()
    var reasons: Set<String> = []
    while done.events.isEmpty, reasons.isEmpty {
      let response = try await service.get("/readyz")
      if response.status == 503, let detail = try response.json["detail"] as? String {
        reasons.insert(detail)
      }
    }
    #expect(try await detection.status == 200)
    #expect(reasons.first?.hasPrefix("A job takes far longer") == true)
    #expect(try await service.get("/readyz").status == 200)
  }

  @Test("metrics tell of the queues, of reloads and of the limit of descriptors")
  func metrics() async throws {
    let service = try await TestService()
    await service.models.reloadAll()
    let text = try await service.get("/metrics").body
    for line in [
      "yolox_worker_queue_depth 0", "yolox_workers_busy 0", "yolox_stalled 0",
      #"yolox_oldest_job_seconds{queue="preprocessing"} 0"#,
      #"yolox_oldest_job_seconds{queue="inference"} 0"#,
      #"yolox_reloads_total{target="model",result="success"} 1"#,
    ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
    let limit = try #require(text.split(separator: "\n").first { $0.hasPrefix("process_max_fds ") })
    #expect(Int(limit.dropFirst("process_max_fds ".count)) ?? 0 >= 64)
    #expect(service.log.lines.count { $0.message == "model loaded" } == 2)
  }

  @Test("warns at the start and at a reload of labels for DeepStack's clients that a model does not have")
  func deepStackLabels() async throws {
    let service = try await TestService { $0.deepStack.classes = ["dog", "dgo", "unicorn"] }
    func warnings() -> [MemoryLog.Line] { service.log.lines.filter { $0.level == .warning } }
    #expect(warnings().map { $0.text("missing") } == ["dgo,unicorn"])
    await service.models.reloadAll()
    #expect(warnings().map { $0.text("model") } == ["yolox-nano", "yolox-nano"])
    let quiet = try await TestService { $0.deepStack.classes = ["dog"] }
    #expect(quiet.log.lines.allSatisfy { $0.level != .warning })
  }

  @Test("a service that is told to stop loads no further model", .timeLimit(.minutes(10)))
  func stopDuringStart() async throws {
    let model = try TestService.nano(name: "a")
    // Ends when the first model is being loaded, which is when the service is told to stop.
    let (stops, stopping) = AsyncStream<Void>.makeStream()
    let loads = EventList()
    let sources = ["a", "b", "c"].map { name in
      ModelSource(name: name) {
        loads.append(name)
        stopping.yield()
        // Time to see it: the registry looks between two models only.
        Thread.sleep(forTimeInterval: 1)
        return model
      }
    }
    var configuration = DetectionService.Configuration()
    configuration.server.port = 0
    configuration.threads = 1
    let log = MemoryLog()
    let service = DetectionService(sources, configuration: configuration, logger: log.logger)
    try await service.run(until: Task { for await _ in stops { break } })
    #expect(loads.events == ["a"])
    let messages = log.lines.map(\.message)
    #expect(!messages.contains("ready") && messages.last == "stopped", "\(messages)")
  }
}
