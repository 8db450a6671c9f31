import Foundation
import Service
import TestSupport
import Testing

@Suite("DeepStackRoutes", .serialized)
struct DeepStackRoutesTests {
  private let service: TestService
  private let dog: [UInt8]

  init() async throws {
    service = try await TestService(models: ["yolox-nano", "ipcam-general"])
    dog = try ServedScene.current.imageBytes
  }

  private func form(_ fields: [String: String] = [:]) -> [(name: String, file: String?, body: [UInt8])] {
    // Python's requests names a file without a name after its field.
    [("image", "image", dog)] + fields.map { ($0.key, nil, Array($0.value.utf8)) }
  }

  private func predictions(_ response: RawResponse) throws -> [[String: Any]] {
    #expect(response.status == 200 && response.fields["content-type"] == "application/json")
    return try #require(try response.json["predictions"] as? [[String: Any]])
  }

  // MARK: Detection

  @Test("responds with DeepStack's and CodeProject.AI's fields, by descending confidence")
  func detection() async throws {
    let response = try await service.post(form: form(), to: "/v1/vision/detection")
    let json = try response.json
    #expect(json["success"] as? Bool == true && json["code"] as? Int == 200 && json["error"] == nil)
    #expect(json["message"] as? String == "Found dog, bicycle, car")
    #expect(json["count"] as? Int == 3 && json["command"] as? String == "detect")
    for name in ["inferenceMs", "processMs", "analysisRoundTripMs"] { #expect(json[name] is Int, "\(name)") }
    #expect((json["duration"] as? Double ?? 0) > 0)
    let predictions = try predictions(response)
    #expect(predictions.map { $0["label"] as? String } == dogBicycleCar)
    let confidences = predictions.compactMap { $0["confidence"] as? Double }
    #expect(confidences == confidences.sorted(by: >) && confidences.allSatisfy { (0.4...1).contains($0) })
    for (side, expected) in zip(["x_min", "y_min", "x_max", "y_max"], try ServedScene.current.dogBox) {
      let value = try #require(predictions[0][side] as? Int)
      #expect(abs(value - Int(expected)) <= 2, "\(side)")
    }
    #expect(Set(predictions[0].keys) == ["label", "confidence", "x_min", "y_min", "x_max", "y_max"])
  }

  @Test("min_confidence is the score threshold; anything but a fraction is an error")
  func minimumConfidence() async throws {
    let many = try predictions(
      try await service.post(form: form(["min_confidence": "0.05"]), to: "/v1/vision/detection"))
    #expect(many.count > 3)
    let one = try predictions(
      try await service.post(form: form(["min_confidence": "0.8"]), to: "/v1/vision/detection"))
    #expect(one.count < 3 && one.first?["label"] as? String == "dog")
    #expect(
      try predictions(try await service.post(form: form(["min_confidence": ""]), to: "/v1/vision/detection"))
        .count == 3)
    for bad in ["1.5", "-1", "high", "nan"] {
      let response = try await service.post(form: form(["min_confidence": bad]), to: "/v1/vision/detection")
      #expect(response.status == 400, "\(bad)")
      #expect(try (response.json["error"] as? String)?.contains("min_confidence") == true)
    }
  }

  @Test("a named model detects, and an unknown one is 404")
  func custom() async throws {
    let response = try await service.post(form: form(), to: "/v1/vision/custom/ipcam-general")
    #expect(try predictions(response).count == 3)
    #expect(try response.json["command"] as? String == "custom")
    let unknown = try await service.post(form: form(), to: "/v1/vision/custom/plates")
    #expect(unknown.status == 404 && unknown.fields["content-type"] == "application/json")
    #expect(try unknown.json["success"] as? Bool == false && unknown.json["code"] as? Int == 404)
  }

  @Test("lists the models by GET, and by POST with or without a form")
  func list() async throws {
    let path = "/v1/vision/custom/list"
    for response in [
      try await service.get(path), try await service.post([], to: path),
      try await service.post(form: [("api_key", nil, [])], to: path),
      try await service.post(
        Array("api_key=".utf8), to: path, fields: "Content-Type: application/x-www-form-urlencoded\r\n"),
    ] {
      #expect(response.status == 200)
      #expect(try response.json["models"] as? [String] == ["yolox-nano", "ipcam-general"])
      #expect(try response.json["success"] as? Bool == true)
    }
  }

  @Test(
    "errors have the format of DeepStack",
    arguments: [("", 400), ("text/plain", 400), ("multipart/form-data", 400)])
  func noImage(type: String, status: Int) async throws {
    let response = try await service.post(
      Array("hello".utf8), to: "/v1/vision/detection", fields: type.isEmpty ? "" : "Content-Type: \(type)\r\n"
    )
    #expect(response.status == status)
    #expect(try response.json["success"] as? Bool == false && response.json["error"] is String)
  }

  @Test("an unreadable image is 400, as in DeepStack")
  func unreadableImage() async throws {
    for bytes in [Array("hello".utf8), Array(dog.prefix(500)), []] {
      let response = try await service.post(form: [("image", "a.jpg", bytes)], to: "/v1/vision/detection")
      #expect(response.status == 400)
      #expect(try response.json["success"] as? Bool == false && response.json["code"] as? Int == 400)
    }
  }

  @Test("unknown paths and wrong methods are errors in the format of this API")
  func unknownPaths() async throws {
    for (method, path, status) in [
      ("POST", "/v1/vision/face", 404), ("GET", "/v1/vision/detection", 405), ("GET", "/v1/status/x", 404),
    ] {
      let response = try await service.send(method, path)
      #expect(response.status == status)
      #expect(try response.json["success"] as? Bool == false, "\(path)")
    }
  }

  // MARK: Status

  @Test("the status has the old and the new paths", arguments: ["/v1/status", "/v1/server/status"])
  func status(prefix: String) async throws {
    for name in ["ping", "version", "updateavailable"] {
      let response = try await service.get("\(prefix)/\(name)")
      let json = try response.json
      #expect(response.status == 200 && json["success"] as? Bool == true && json["code"] as? Int == 200)
      #expect(json["message"] is String && json["hostname"] is String)
      let version = try #require(json["version"] as? [String: Any])
      #expect(version["major"] is Int && version["minor"] is Int && version["patch"] is Int)
    }
    #expect(try await service.get("\(prefix)/updateavailable").json["updateAvailable"] as? Bool == false)
    for name in ["analysis/list", "modules/list"] {
      let json = try await service.get("\(prefix)/\(name)").json
      let statuses = try #require(json["statuses"] as? [[String: Any]])
      #expect(statuses.map { $0["status"] as? String } == ["Started"])
      #expect(statuses[0]["moduleId"] is String)
    }
  }

  // MARK: Keys

  @Test("the key may be a field of the form; the status needs none")
  func keys() async throws {
    let key = "correct-horse-battery"
    let file = URL.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(key.utf8).write(to: file)
    let service = try await TestService { $0.access.keys = try APIKeys(contentsOfFile: file.path) }
    for path in ["/v1/vision/detection", "/v1/vision/custom/yolox-nano"] {
      for fields in [[:], ["api_key": ""], ["api_key": "wrong-horse-battery"]] {
        let response = try await service.post(form: form(fields), to: path)
        #expect(response.status == 401 && response.fields["www-authenticate"] == "Bearer")
        #expect(try response.json["success"] as? Bool == false)
      }
      #expect(try await service.post(form: form(["api_key": key]), to: path).status == 200)
    }
    let path = "/v1/vision/custom/list"
    #expect(try await service.get(path).status == 401)
    #expect(try await service.post([], to: path).status == 401)
    #expect(try await service.get(path, fields: "Authorization: Bearer \(key)\r\n").status == 200)
    #expect(try await service.post(form: [("api_key", nil, Array(key.utf8))], to: path).status == 200)
    // A wrong key in Authorization is rejected, whatever the form has.
    let twice = try await service.post(
      [], to: path, fields: "Authorization: Bearer wrong-horse-battery\r\n")
    #expect(twice.status == 401)
    for path in ["/v1/status/ping", "/v1/server/status/version", "/v1/status/analysis/list"] {
      #expect(try await service.get(path).status == 200)
    }
  }
}
