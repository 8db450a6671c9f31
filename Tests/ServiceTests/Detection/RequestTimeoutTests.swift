import Service
import TestSupport
import Testing

@Suite("Request timeouts", .serialized)
struct RequestTimeoutTests {
  @Test("a request whose deadline has passed gets 504")
  func expired() async throws {
    let service = try await TestService { $0.requestTimeout = .nanoseconds(1) }
    let response = try await service.post(try ServedScene.current.imageBytes)
    #expect(response.status == 504)
    #expect(try response.problem == "deadline-exceeded")
  }

  @Test("a client may ask for less time, not for more, and only in milliseconds")
  func field() async throws {
    let service = try await TestService()
    let dog = try ServedScene.current.imageBytes
    #expect(try await service.post(dog, fields: "X-Request-Timeout-Ms: 99999999\r\n").status == 200)
    for text in ["0", "-5", "1s", "1.5"] {
      let response = try await service.post(dog, fields: "X-Request-Timeout-Ms: \(text)\r\n")
      #expect(try response.status == 400 && response.problem == "invalid-header", "\(text)")
    }
  }

  @Test("a request with more images than the queue limit is not told to retry")
  func neverFits() async throws {
    let service = try await TestService { $0.batching.queueLimit = 2 }
    let three = try await service.post(json: ["images": ["AA==", "AA==", "AA=="]])
    #expect(try three.status == 413 && three.problem == "too-many-images")
    #expect(try await service.post(json: ["images": ["AA==", "AA=="]]).status == 200)
  }

  @Test("a request beyond the queue limit is rejected at once with Retry-After")
  func overloaded() async throws {
    let service = try await TestService { $0.batching.queueLimit = 2 }
    let detector = try #require(service.models.loaded("yolox-nano"))
    let dog = try ServedScene.current.imageBytes
    let permit = try detector.admit(2)
    let response = try await service.post(dog)
    #expect(try response.status == 503 && response.problem == "overloaded")
    #expect(response.fields["retry-after"].flatMap { Int($0) } ?? 0 >= 1)
    #expect(
      try await service.get("/metrics").body.contains(
        #"yolox_rejected_total{reason="overloaded",model="yolox-nano"} 1"#))
    #expect(permit.count == 2)
  }
}
