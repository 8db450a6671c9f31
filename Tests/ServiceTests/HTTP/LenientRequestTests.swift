import Foundation
import HTTPServer
import Service
import TestSupport
import Testing

/// Requests as clients, proxies and cameras send them.
@Suite("Lenient requests", .serialized)
struct LenientRequestTests {
  private static let key = "correct-horse-battery"
  private let dog: [UInt8]

  init() throws { dog = try ServedScene.current.imageBytes }

  private func serviceWithKey() async throws -> TestService {
    let file = URL.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(LenientRequestTests.key.utf8).write(to: file)
    let keys = try APIKeys(contentsOfFile: file.path)
    return try await TestService { $0.access.keys = keys }
  }

  @Test("doubled and trailing slashes do not matter, except for probes and metrics")
  func slashes() async throws {
    let service = try await TestService()
    for path in ["//v1/models", "/v1/models/", "/v1//models//yolox-nano/"] {
      #expect(try await service.get(path).status == 200, "\(path)")
    }
    let form: [(name: String, file: String?, body: [UInt8])] = [("image", "a.jpg", dog), ("other", "", [])]
    #expect(try await service.post(form: form, to: "//v1/vision/detection").status == 200)
    for path in ["//metrics", "/metrics/", "//healthz"] {
      #expect(try await service.get(path).status == 404, "\(path)")
    }
  }

  @Test("a request without the length of its body is answered 411, and its connection closes")
  func noLength() async throws {
    let service = try await TestService()
    let client = try RawClient(port: service.port)
    client.send("POST /detect HTTP/1.1\r\nHost: a\r\n\r\nabc")
    let response = await client.readToEnd()
    #expect(response.hasPrefix("HTTP/1.1 411 Length Required\r\n") && response.contains("Connection: close"))
    #expect(response.contains("urn:swift-yolox:problem:length-required"))
  }

  @Test("PUT is POST, as `curl -T` sends it")
  func put() async throws {
    #expect(try await TestService().send("PUT", "/detect", body: dog).status == 200)
  }

  @Test(
    "a key is accepted in X-API-Key and behind several blanks; what a proxy forwards hides no key")
  func keys() async throws {
    let service = try await serviceWithKey()
    let key = LenientRequestTests.key
    for field in [
      "Authorization: Bearer  \(key)", "X-API-Key: \(key)", "Authorization: Basic eDp5\r\nX-API-Key: \(key)",
      "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.token\r\nX-API-Key: \(key)",
      "Authorization: Bearer \(key)\r\nX-API-Key: a-key-of-the-proxy",
      "Authorization: Basic eDp5\r\nAuthorization: Bearer \(key)",
    ] {
      #expect(try await service.get("/v1/models", fields: field + "\r\n").status == 200, "\(field)")
    }
    #expect(try await service.get("/v1/models", fields: "X-API-Key: wrong-horse-battery\r\n").status == 401)
    let body = "api_key=\(key)"
    let list = try await service.post(
      Array(body.utf8), to: "/v1/vision/custom/list",
      fields:
        "Authorization: Basic eDp5\r\nX-API-Key:\r\nContent-Type: application/x-www-form-urlencoded\r\n")
    #expect(list.status == 200)
    let refused = try await service.post([], to: "/v1/vision/custom/list")
    #expect(try (refused.json["error"] as? String)?.contains("api_key") == true)
    let doods = try await service.get("/doods/detectors")
    #expect(try (doods.json["error"] as? String)?.contains("Doods-Auth-Key") == true)
  }

  @Test("answers to requests that are rejected while they are read have an id and the fields of CORS")
  func parserAnswers() async throws {
    let service = try await TestService {
      $0.server.limits.body = 1000
      $0.access.crossOrigin.allowedOrigins = ["https://cam.example"]
    }
    let client = try RawClient(port: service.port)
    client.send(
      "POST /detect HTTP/1.1\r\nHost: a\r\nOrigin: https://cam.example\r\nX-Request-Id: 7\r\nContent-Length: 9999\r\n\r\n"
    )
    let response = try #require(await client.readResponses(1).first)
    #expect(response.status == 413 && response.fields["x-request-id"] == "7")
    #expect(response.fields["access-control-allow-origin"] == "https://cam.example")
  }

  @Test("DeepStack's clients get 20 predictions at most, and more or other ones on request")
  func deepStackLimit() async throws {
    let service = try await TestService { $0.deepStack.maxPredictions = 2 }
    func labels(_ query: String) async throws -> [String] {
      let response = try await service.post(
        form: [("image", "a.jpg", dog)], to: "/v1/vision/detection\(query)")
      let found = try #require(try response.json["predictions"] as? [[String: Any]])
      #expect(try (response.json["timestampUTC"] as? String)?.hasSuffix(" GMT") == true)
      return found.compactMap { $0["label"] as? String }
    }
    #expect(DeepStackDefaults().maxPredictions == 20)
    #expect(try await labels("") == ["dog", "bicycle"])
    #expect(try await labels("?max_detections=50") == dogBicycleCar)
    #expect(try await labels("?classes=car") == ["car"])
    let known = try await TestService { $0.deepStack.classes = ["car", "unicorn"] }
    let response = try await known.post(form: [("image", "a.jpg", dog)], to: "/v1/vision/detection")
    #expect(try response.json["count"] as? Int == 1)
  }

  @Test("Triton's raw binary request is the image itself")
  func rawBinary() async throws {
    let response = try await TestService().post(
      dog, to: "/v2/models/yolox-nano/infer", fields: "Inference-Header-Content-Length: 0\r\n")
    #expect(try response.status == 200 && response.json["model_name"] as? String == "yolox-nano")
  }

  @Test("KServe's V1 protocol gets a hint")
  func kserveV1() async throws {
    let service = try await TestService()
    let predict = try await service.post(json: ["instances": []], to: "/v1/models/yolox-nano:predict")
    #expect(try predict.status == 404 && (predict.json["detail"] as? String)?.contains("/v2/models") == true)
    let instances = try await service.post(
      json: ["instances": [["b64": "AA=="]]], to: "/predictions/yolox-nano")
    #expect(try instances.status == 400 && (instances.json["message"] as? String)?.contains("V1") == true)
  }

  @Test("a confidence of 0 for DOODS is the threshold of its own detectors")
  func doodsFloor() async throws {
    let service = try await TestService()
    let response = try await service.post(
      json: ["data": Data(dog).base64EncodedString(), "detect": ["*": 0]], to: "/doods/detect")
    let found = try #require(try response.json["detections"] as? [[String: Any]])
    #expect(!found.isEmpty && found.allSatisfy { ($0["confidence"] as? Double ?? 0) >= 25 })
  }
}
