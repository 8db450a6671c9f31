import Foundation
import Imaging
import Service
import TestSupport
import Testing
import YOLOX

@Suite("Deadlines", .serialized)
struct DeadlineTests {
  @Test("a request is answered when its time is over, whatever is running", .timeLimit(.minutes(20)))
  func whateverRuns() async throws {
    let service = try await TestService { $0.batching.maxBatchSize = 8 }
    let detector = try #require(service.models.loaded("yolox-nano"))
    let dog = try ServedScene.current.imageBytes
    let list = ["images": Array(repeating: Data(dog).base64EncodedString(), count: 16)]
    async let long = service.post(json: list)
    while detector.admission.count < 16 { try await Task.sleep(for: .milliseconds(2)) }
    // Sixteen images take longer than this.
    let start = ContinuousClock.now
    let response = try await service.post(dog, fields: "X-Request-Timeout-Ms: 20\r\n")
    let duration = start.duration(to: .now)
    #expect(try response.status == 504 && response.problem == "deadline-exceeded")
    #expect(try await long.status == 200)
    #expect(duration < start.duration(to: .now))
    #expect(detector.admission.count == 0)
  }

  @Test(
    "an image whose request is cancelled leaves the queue before the next batch", .timeLimit(.minutes(10)))
  func cancelled() async throws {
    var batching = Batching()
    batching.maxBatchSize = 2
    batching.maxQueueDelay = .seconds(3600)
    let model = try TestService.nano()
    let detector = await Detector(model, queue: InferenceQueue(threads: 1), batching: batching)
    let deadline = RequestDeadline(.seconds(3600))
    let image = model.prepare(Image(width: 64, height: 64, gray: 114))
    let waiting = Task { () async throws(DetectorError) in
      try await detector.detect(image, options: DetectionOptions(), deadline: deadline)
    }
    try await Task.sleep(for: .milliseconds(50))
    deadline.clientDisconnected()
    waiting.cancel()
    await #expect(throws: DetectorError.clientDisconnected) { try await waiting.value }
  }

  @Test("permits count until they are released")
  func permits() async throws {
    let model = try TestService.nano()
    let detector = await Detector(model, queue: InferenceQueue(threads: 1))
    let deadline = RequestDeadline(.seconds(3600))
    deadline.hold(try detector.admit(3))
    #expect(detector.admission.count == 3)
    deadline.releasePermits()
    #expect(detector.admission.count == 0)
  }

  @Test("a list that fits in a calmer minute is told to retry, not that it is too large")
  func calmerMinute() async throws {
    let model = try TestService.nano()
    let detector = await Detector(
      model, queue: InferenceQueue(threads: 1), requestTimeout: .nanoseconds(1))
    // As many float images as 256 MiB hold.
    let side = try ServedScene.current.inputSide
    #expect(detector.queueLimit == 4 && detector.maxQueueLimit == (256 << 20) / (3 * side * side * 4))
    #expect(throws: DetectorError.self) { try detector.admit(5) }
  }

  @Test("the first result counts, whether it is awaited already or not")
  func firstResult() async {
    let early = FirstResult<Int>()
    early.finish(1)
    early.finish(2)
    #expect(await early.value == 1)
    let late = FirstResult<Int>()
    async let value = late.value
    try? await Task.sleep(for: .milliseconds(5))
    late.finish(3)
    late.finish(4)
    #expect(await value == 3)
  }
}
