import Service
import TestSupport
import Testing

@Suite("CompatibleAPI", .serialized)
struct CompatibleAPITests {
  private static let paths: [(api: CompatibleAPI, path: String)] = [
    (.deepstack, "/v1/status/ping"), (.kserve, "/v2"), (.doods, "/doods/detectors"), (.torchserve, "/ping"),
  ]

  @Test("an API is served if and only if it is configured")
  func choice() async throws {
    for chosen in [[], [.deepstack], [.kserve, .torchserve], Set(CompatibleAPI.allCases)] {
      let service = try await TestService { $0.compatibility = chosen }
      for (api, path) in CompatibleAPITests.paths {
        let response = try await service.get(path)
        #expect(response.status == (chosen.contains(api) ? 200 : 404), "\(path) with \(chosen)")
        if !chosen.contains(api) { #expect(try response.problem == "not-found") }
      }
      #expect(try await service.get("/v1/models").status == 200)
    }
  }

  @Test("requests are counted by the pattern of their path, not by the names in it")
  func bounded() async throws {
    let service = try await TestService()
    for path in ["/v2/models/a/ready", "/v2/models/b/ready", "/v2/c"] { _ = try await service.get(path) }
    let text = try await service.get("/metrics").body
    #expect(text.contains(#"yolox_requests_total{route="/v2/models/{name}/ready",status="404"} 2"#))
    #expect(text.contains(#"yolox_requests_total{route="none",status="404"} 1"#))
  }
}
