import Foundation
import Service
import TestSupport
import Testing

@Suite("Access", .serialized)
struct AccessTests {
  private static let key = "correct-horse-battery"

  private func keys(_ text: String) throws -> APIKeys {
    let file = URL.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(text.utf8).write(to: file)
    return try APIKeys(contentsOfFile: file.path)
  }

  // MARK: Keys

  @Test("a file has one key per line; short keys and files without keys are rejected")
  func file() throws {
    let keys = try keys("# for cameras\n\(AccessTests.key)\n\n  another-key-of-length \n")
    #expect(keys.contain(AccessTests.key) && keys.contain("another-key-of-length"))
    #expect(!keys.contain("# for cameras") && !keys.contain("") && !keys.contain(AccessTests.key + " "))
    #expect(throws: APIKeysError.self) { try self.keys("# nothing\n\n") }
    #expect(throws: APIKeysError.self) { try self.keys("short\n") }
    #expect(throws: APIKeysError.unreadable(path: "/nowhere")) { try APIKeys(contentsOfFile: "/nowhere") }
  }

  @Test("without a key only the probes, the page and the API description are served")
  func keysNeeded() async throws {
    let service = try await TestService { $0.access.keys = try self.keys(AccessTests.key) }
    for path in ["/healthz", "/readyz", "/", "/page.js", "/openapi.json"] {
      #expect(try await service.get(path).status == 200, "\(path)")
    }
    for path in ["/v1/models", "/metrics"] {
      for authorization in [
        "", "Authorization: Bearer wrong-horse-battery\r\n", "Authorization: \(AccessTests.key)\r\n",
      ] {
        let response = try await service.get(path, fields: authorization)
        #expect(response.status == 401 && response.fields["www-authenticate"] == "Bearer", "\(path)")
        #expect(try response.problem == "unauthorized")
        #expect(response.fields["x-request-id"] != nil)
      }
      #expect(
        try await service.get(path, fields: "authorization: bearer \(AccessTests.key)\r\n").status == 200)
    }
    let dog = try ServedScene.current.imageBytes
    #expect(try await service.post(dog).status == 401)
    #expect(try await service.post(dog, fields: "Authorization: Bearer \(AccessTests.key)\r\n").status == 200)
  }

  @Test("metrics can be served without a key")
  func openMetrics() async throws {
    let service = try await TestService {
      $0.access.keys = try self.keys(AccessTests.key)
      $0.access.hasPublicMetrics = true
    }
    #expect(try await service.get("/metrics").status == 200)
    #expect(try await service.get("/v1/models").status == 401)
  }

  // MARK: CORS

  @Test("only allowed origins may call the service")
  func crossOrigin() async throws {
    let service = try await TestService { $0.access.crossOrigin.allowedOrigins = ["https://cam.example"] }
    let allowed = try await service.get("/healthz", fields: "Origin: https://cam.example\r\n")
    #expect(allowed.fields["access-control-allow-origin"] == "https://cam.example")
    #expect(allowed.fields["vary"] == "Origin")
    let other = try await service.get("/healthz", fields: "Origin: https://other.example\r\n")
    #expect(other.fields["access-control-allow-origin"] == nil && other.fields["vary"] == "Origin")
    let missing = try await service.get("/nowhere", fields: "Origin: https://cam.example\r\n")
    #expect(missing.status == 404 && missing.fields["access-control-allow-origin"] == "https://cam.example")
    let closed = try await TestService()
    #expect(
      try await closed.get("/healthz", fields: "Origin: https://cam.example\r\n").fields[
        "access-control-allow-origin"] == nil)
  }

  @Test("a preflight request needs no key and lists the allowed methods and fields")
  func preflight() async throws {
    let service = try await TestService {
      $0.access.keys = try self.keys(AccessTests.key)
      $0.access.crossOrigin.allowedOrigins = ["*"]
    }
    let response = try await service.send(
      "OPTIONS", "/detect",
      fields: "Origin: https://cam.example\r\nAccess-Control-Request-Method: POST\r\n"
        + "Access-Control-Request-Headers: authorization, content-type\r\n")
    #expect(response.status == 204)
    #expect(response.fields["access-control-allow-origin"] == "https://cam.example")
    #expect(response.fields["access-control-allow-methods"]?.contains("POST") == true)
    let allowed = response.fields["access-control-allow-headers"]?.split(separator: ", ").map {
      $0.lowercased()
    }
    // What pages and the clients of the compatible APIs send beside the fields that need no permission.
    for name in [
      "authorization", "cache-control", "content-encoding", "content-type", "doods-auth-key",
      "inference-header-content-length", "traceparent", "x-api-key", "x-request-id", "x-request-timeout-ms",
      "x-requested-with",
    ] {
      #expect(allowed?.contains(name) == true, "\(name)")
    }
  }
}
