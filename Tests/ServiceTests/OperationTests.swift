import Foundation
import HTTPServer
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import YOLOX

@testable import Service

@Suite("Operation", .serialized, .enabled(if: SharedData.isPresent, SharedData.missing))
struct OperationTests {
  @Test("an unloaded model leaves the metrics, and a service without models is not ready")
  func unload() async throws {
    let service = try await TestService(models: ["door", "yard"])
    func infos() async throws -> [Substring] {
      try await service.get("/metrics").body.split(separator: "\n").filter {
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
    let dog = try SharedData.bytes("images/dog.jpg")
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

  @Test("a service that is told to stop loads no further model", .timeLimit(.minutes(10)))
  func stopDuringStart() async throws {
    let model = try TestService.nano(name: "a")
    let trigger = Trigger()
    let loads = EventList()
    let sources = ["a", "b", "c"].map { name in
      ModelSource(name: name) {
        loads.append(name)
        trigger.fire()
        return model
      }
    }
    var configuration = DetectionService.Configuration()
    configuration.server.port = 0
    configuration.threads = 1
    let log = MemoryLog()
    let service = DetectionService(sources, configuration: configuration, logger: log.logger)
    let group = ServiceGroup(
      services: [service], logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() })
    trigger.set(group)
    try await group.run()
    #expect(loads.events == ["a"])
    let messages = log.lines.map(\.message)
    #expect(!messages.contains("ready") && messages.last == "stopped", "\(messages)")
  }

  /// Stops a group, from a thread that may block.
  private final class Trigger: Sendable {
    private let group = Mutex<ServiceGroup?>(nil)

    func set(_ group: ServiceGroup) { self.group.withLock { $0 = group } }

    func fire() {
      guard let group = group.withLock(\.self) else { return }
      let done = DispatchSemaphore(value: 0)
      Task {
        await group.triggerGracefulShutdown()
        done.signal()
      }
      done.wait()
    }
  }
}
