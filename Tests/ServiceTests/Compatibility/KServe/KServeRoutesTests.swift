import Foundation
import Service
import TestSupport
import Testing

@Suite("KServeRoutes", .serialized)
struct KServeRoutesTests {
  private let service: TestService

  init() async throws { service = try await TestService() }

  @Test("the service describes itself and its health")
  func server() async throws {
    let json = try await service.get("/v2").json
    #expect(json["name"] as? String == "swift-yolox" && json["version"] as? String == "test")
    #expect((json["extensions"] as? [String])?.contains("binary_tensor_data") == true)
    #expect(try await service.get("/v2/health/live").json["live"] as? Bool == true)
    #expect(try await service.get("/v2/health/ready").json["ready"] as? Bool == true)
  }

  @Test("a model describes its tensors", arguments: ["", "/versions/1"])
  func model(version: String) async throws {
    let scene = try ServedScene.current
    let path = "/v2/models/yolox-nano\(version)"
    let json = try await service.get(path).json
    #expect(json["name"] as? String == "yolox-nano" && json["versions"] as? [String] == ["1"])
    let inputs = try #require(json["inputs"] as? [[String: Any]])
    #expect(inputs.map { $0["datatype"] as? String } == ["BYTES", "UINT8", "FP32"])
    #expect(inputs[2]["shape"] as? [Int] == [-1, 3, scene.inputSide, scene.inputSide])
    let outputs = try #require(json["outputs"] as? [[String: Any]])
    #expect(outputs.map { $0["name"] as? String } == ["boxes", "scores", "labels", "num_detections", "raw"])
    #expect(outputs.map { $0["datatype"] as? String } == ["FP32", "FP32", "INT64", "INT32", "FP32"])
    #expect(outputs[4]["shape"] as? [Int] == [-1, scene.anchorCount, scene.columnCount])
    #expect(try await service.get("\(path)/ready").json["ready"] as? Bool == true)
    let config = try await service.get("\(path)/config").json
    #expect((config["input"] as? [[String: Any]])?.first?["data_type"] as? String == "TYPE_STRING")
    let labels = ((config["parameters"] as? [String: Any])?["labels"] as? [String: String])?["string_value"]
    #expect(labels?.hasPrefix("person\nbicycle\ncar\n") == true)
  }

  @Test("statistics count images and batches")
  func statistics() async throws {
    let tensor = KServeTensor("BYTES", [2], bytes: try KServeTensor.dogs(2))
    _ = try await service.infer(tensor)
    _ = try await service.infer(KServeTensor("BYTES", [1], bytes: KServeTensor.elements([Array("bad".utf8)])))
    for path in ["/v2/models/yolox-nano/stats", "/v2/models/yolox-nano/versions/1/stats", "/v2/models/stats"]
    {
      let list = try #require(try await service.get(path).json["model_stats"] as? [[String: Any]])
      #expect(list.count == 1 && list[0]["name"] as? String == "yolox-nano")
      #expect(list[0]["inference_count"] as? Int == 2)
      #expect((1...2).contains(list[0]["execution_count"] as? Int ?? 0))
      #expect((list[0]["last_inference"] as? Int ?? 0) > 1_700_000_000_000)
      let stages = try #require(list[0]["inference_stats"] as? [String: [String: Int]])
      #expect(stages["success"]?["count"] == 2 && stages["fail"]?["count"] == 1)
      #expect((stages["compute_infer"]?["ns"] ?? 0) > 0)
      #expect((stages["success"]?["ns"] ?? 0) >= (stages["compute_infer"]?["ns"] ?? 0))
    }
  }

  @Test("every error is an object with the member error")
  func errors() async throws {
    for (method, path, status) in [
      ("GET", "/v2/models/nothing", 404), ("GET", "/v2/models/yolox-nano/versions/2", 404),
      ("GET", "/v2/models/nothing/ready", 404), ("GET", "/v2/nothing", 404),
      ("GET", "/v2/models/yolox-nano/infer", 405), ("POST", "/v2/models/nothing/infer", 404),
      ("POST", "/v2/models/yolox-nano/infer", 400),
    ] {
      let response = try await service.send(method, path)
      #expect(response.status == status && response.fields["content-type"] == "application/json", "\(path)")
      #expect(try response.json.keys.elementsEqual(["error"]) && response.json["error"] is String)
    }
  }

  @Test("the repository lists models, and changes them only with a key")
  func repository() async throws {
    let list = try await service.post([], to: "/v2/repository/index")
    let entries = try #require(
      try JSONSerialization.jsonObject(with: Data(list.bytes)) as? [[String: String]])
    #expect(entries.map { $0["name"] } == ["yolox-nano"] && entries[0]["state"] == "READY")
    let refused = try await service.post([], to: "/v2/repository/models/yolox-nano/unload")
    #expect(try refused.status == 403 && refused.json["error"] is String)

    let key = "correct-horse-battery"
    let file = URL.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(key.utf8).write(to: file)
    let guarded = try await TestService { $0.access.keys = try APIKeys(contentsOfFile: file.path) }
    let field = "Authorization: Bearer \(key)\r\n"
    #expect(
      try await guarded.post([], to: "/v2/repository/models/yolox-nano/unload", fields: field).status == 200)
    let ready = try await guarded.get("/v2/models/yolox-nano/ready", fields: field)
    #expect(try ready.status == 503 && ready.json["ready"] as? Bool == false)
    #expect(try await guarded.get("/v2/models/yolox-nano", fields: field).json["error"] is String)
    #expect(
      try await guarded.post([], to: "/v2/repository/models/yolox-nano/load", fields: field).status == 200)
    #expect(try await guarded.get("/v2/models/yolox-nano/ready", fields: field).status == 200)
    // Probes need no key; everything else does.
    #expect(try await guarded.get("/v2/health/live").status == 200)
    let unauthorized = try await guarded.get("/v2")
    #expect(try unauthorized.status == 401 && unauthorized.json["error"] is String)
  }
}
