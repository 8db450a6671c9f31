import Foundation
import Logging
import Service
import TestSupport
import Testing

@Suite("API keys", .serialized)
final class KeyScopeTests {
  private let file = URL.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
  private let text = """
    # cameras
    front-door:camera-key-0123456789 detect
    ops:admin-key-0123456789 admin,metrics
    plain-key-of-the-owner
    """

  deinit { try? FileManager.default.removeItem(at: file) }

  private func keys(_ text: String) throws -> APIKeys {
    try Data(text.utf8).write(to: file)
    return try APIKeys(contentsOfFile: file.path)
  }

  private func bearer(_ key: String) -> String { "Authorization: Bearer \(key)\r\n" }

  @Test("a key allows what its scopes say: a camera's key unloads no model")
  func scopes() async throws {
    let keys = try keys(text)
    let service = try await TestService { $0.access.keys = keys }
    let dog = try ServedScene.current.imageBytes
    for (key, detect, metrics, unload) in [
      ("camera-key-0123456789", 200, 403, 403), ("admin-key-0123456789", 403, 200, 200),
      ("plain-key-of-the-owner", 200, 200, 200), ("front-door:camera-key-0123456789", 401, 401, 401),
    ] {
      let key = bearer(key)
      #expect(try await service.post(dog, fields: key).status == detect, "\(key)")
      #expect(try await service.get("/metrics", fields: key).status == metrics, "\(key)")
      #expect(
        try await service.get("/v1/models", fields: key).status == (detect == 401 ? 401 : 200), "\(key)")
      for path in ["/v1/models/yolox-nano", "/v2/repository/models/yolox-nano"] {
        #expect(try await service.send("POST", path + "/unload", fields: key).status == unload, "\(key)")
        if unload == 200 {
          #expect(try await service.send("POST", path + "/load", fields: key).status == 200, "\(key)")
        }
      }
    }
    let refused = try await service.post(dog, fields: bearer("admin-key-0123456789"))
    #expect(try refused.problem == "forbidden")
    #expect(try refused.json["detail"] as? String == "The API key 'ops' does not have the scope 'detect'.")
  }

  @Test("a key in a form or in a header of its API has the same scopes")
  func otherLocations() async throws {
    let keys = try keys(text)
    let service = try await TestService { $0.access.keys = keys }
    let dog = try ServedScene.current.imageBytes
    for (key, status) in [("camera-key-0123456789", 200), ("admin-key-0123456789", 403), ("no-key", 401)] {
      let form = try await service.post(
        form: [("image", "dog.jpg", dog), ("api_key", nil, Array(key.utf8))], to: "/v1/vision/detection")
      #expect(form.status == status)
      let body = #"{"data":"\#(Data(dog).base64EncodedString())","detect":{"*":50}}"#
      let doods = try await service.post(
        Array(body.utf8), to: "/doods/detect", fields: "Doods-Auth-Key: \(key)\r\n")
      #expect(doods.status == status)
    }
  }

  @Test(
    "lines that are not keys are rejected with their number",
    arguments: [
      "ok-key-0123456789\nshort", "a b:key-0123456789abcdef", ":key-0123456789abcdef",
      "name:key-0123456789abcdef detect,root", "a:key-0123456789abcdef\nb:key-0123456789abcdef detect",
    ])
  func invalid(text: String) throws {
    let error = #expect(throws: APIKeysError.self) { try keys(text) }
    #expect(error?.description.contains("line \(text.split(separator: "\n").count) ") == true)
  }

  @Test("a reload replaces the keys; a file that cannot be read leaves them")
  func reload() async throws {
    let keys = try keys("old-key-0123456789")
    var configuration = DetectionService.Configuration()
    configuration.access.keys = keys
    let log = MemoryLog()
    let service = DetectionService([], configuration: configuration, logger: log.logger)
    try Data("new-key-0123456789".utf8).write(to: file)
    await service.reload()
    #expect(keys.contain("new-key-0123456789") && !keys.contain("old-key-0123456789"))
    try Data("short".utf8).write(to: file)
    await service.reload()
    #expect(keys.contain("new-key-0123456789"))
    #expect(log.lines.map(\.message) == ["API keys reloaded", "API keys not reloaded"])
    #expect(log.lines.last?.level == .error && log.lines.last?.text("error")?.contains("line 1") == true)
  }

  @Test("one key's requests leave part of the queue to others")
  func share() async throws {
    let model = try TestService.nano()
    var batching = Batching()
    batching.queueLimit = 4
    let detector = await Detector(model, queue: InferenceQueue(threads: 1), batching: batching)
    var permits = [try detector.admit(2, client: "camera", share: 0.5)]
    #expect(throws: DetectorError.self) { try detector.admit(1, client: "camera", share: 0.5) }
    permits.append(try detector.admit(2, client: "other", share: 0.5))
    #expect(throws: DetectorError.self) { try detector.admit(1, client: "third", share: 0.5) }
    permits = []
    // In a calm minute a list may exceed the share.
    permits.append(try detector.admit(4, client: "camera", share: 0.5))
    #expect(detector.admission.count == 4)
  }
}
