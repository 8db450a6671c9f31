import Foundation
import HTTPServer
import Logging
import Service
import Synchronization
import Testing
import YOLOX

@Suite("Signals of the service", .serialized)
struct SignalTests {
  @Test("SIGHUP loads the models again, each time; SIGTERM ends the service", .timeLimit(.minutes(20)))
  func signals() async throws {
    let loads = Mutex(0)
    let source = ModelSource(name: "a") {
      loads.withLock { $0 += 1 }
      return try Model.random(.nano, classCount: 1, inputSize: InputSize(height: 64, width: 64))
    }
    var configuration = DetectionService.Configuration()
    configuration.server.port = 0
    configuration.threads = 1
    let service = DetectionService(
      [source], configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    async let served: Void = service.runUntilSignalled()
    for count in 1...3 {
      while loads.withLock({ $0 }) < count { try await Task.sleep(for: .milliseconds(20)) }
      // Sent while the model is being loaded: it is loaded once more.
      if count < 3 { kill(getpid(), SIGHUP) }
    }
    kill(getpid(), SIGTERM)
    try await served
    #expect(loads.withLock { $0 } == 3)
  }

  @Test("a service whose task is cancelled ends", .timeLimit(.minutes(20)))
  func cancelled() async throws {
    let source = ModelSource(name: "a") {
      try Model.random(.nano, classCount: 1, inputSize: InputSize(height: 64, width: 64))
    }
    var configuration = DetectionService.Configuration()
    configuration.server.port = 0
    configuration.threads = 1
    let service = DetectionService(
      [source], configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let served = Task { try await service.runUntilSignalled() }
    try await Task.sleep(for: .milliseconds(100))
    served.cancel()
    try await served.value
  }
}
