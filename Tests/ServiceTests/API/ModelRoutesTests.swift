import Foundation
import Service
import TestSupport
import Testing
import YOLOX

@Suite("Model routes", .serialized)
struct ModelRoutesTests {
  @Test("lists the served models")
  func list() async throws {
    let scene = try ServedScene.current
    let service = try await TestService()
    let models = try #require(try await service.get("/v1/models").json["models"] as? [[String: Any]])
    #expect(models.count == 1)
    let model = try await service.get("/v1/models/yolox-nano").json
    for description in [models[0], model] {
      #expect(description["name"] as? String == "yolox-nano" && description["state"] as? String == "loaded")
      #expect(description["variant"] as? String == "nano" && description["precision"] as? String == "fp32")
      #expect(
        description["input"] as? [String: Int] == ["width": scene.inputSide, "height": scene.inputSide])
      #expect((description["classes"] as? [String])?.count == scene.classCount)
      // 0.91 M with 80 classes in the paper, table 4.
      #expect((895_000..<915_000).contains(description["parameters"] as? Int ?? 0))
      #expect(description["memory_bytes"] as? Int ?? 0 > 3_500_000)
    }
    #expect(try await service.get("/v1/models/unicorn").problem == "no-model")
  }

  @Test("a request selects its model in the query, in a form or in JSON; the default is the first")
  func choice() async throws {
    let service = try await TestService(models: ["door", "yard"])
    let dog = try ServedScene.current.imageBytes
    func name(_ response: RawResponse) throws -> String? {
      (try response.json["model"] as? [String: Any])?["name"] as? String
    }
    #expect(try name(await service.post(dog)) == "door")
    #expect(try name(await service.post(dog, to: "/detect?model=yard")) == "yard")
    #expect(
      try name(await service.post(form: [("image", "a.jpg", dog), ("model", nil, Array("yard".utf8))]))
        == "yard")
    #expect(
      try name(await service.post(json: ["image": Data(dog).base64EncodedString(), "model": "yard"]))
        == "yard")
    let unknown = try await service.post(dog, to: "/detect?model=attic")
    #expect(try unknown.status == 404 && unknown.problem == "no-model")
    #expect((try unknown.json["detail"] as? String)?.contains("door, yard") == true)
  }

  @Test("models can be changed only if the service has keys")
  func keysNeeded() async throws {
    let service = try await TestService()
    for change in ["load", "reload", "unload"] {
      let response = try await service.send("POST", "/v1/models/yolox-nano/\(change)")
      #expect(try response.status == 403 && response.problem == "forbidden")
    }
  }

  @Test("an unloaded model is unavailable until it is loaded again; others are not affected")
  func unload() async throws {
    let file = URL.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("correct-horse-battery".utf8).write(to: file)
    let service = try await TestService(models: ["door", "yard"]) {
      $0.access.keys = try APIKeys(contentsOfFile: file.path)
    }
    let key = "Authorization: Bearer correct-horse-battery\r\n"
    let dog = try ServedScene.current.imageBytes
    #expect(
      try await service.send("POST", "/v1/models/yard/unload", fields: key).json["state"] as? String
        == "unloaded")
    let gone = try await service.post(dog, to: "/detect?model=yard", fields: key)
    #expect(try gone.status == 503 && gone.problem == "model-not-loaded")
    #expect(try await service.post(dog, fields: key).status == 200)
    #expect(
      try await service.send("POST", "/v1/models/yard/load", fields: key).json["state"] as? String == "loaded"
    )
    #expect(try await service.post(dog, to: "/detect?model=yard", fields: key).status == 200)
    #expect(try await service.send("POST", "/v1/models/attic/load", fields: key).status == 404)
  }

  @Test("requests in flight survive a reload of their model")
  func reload() async throws {
    let service = try await TestService()
    let dog = try ServedScene.current.imageBytes
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<12 { group.addTask { try await service.post(dog).status } }
      for _ in 0..<3 { await service.models.reloadAll() }
      for try await status in group { #expect(status == 200) }
    }
  }
}
