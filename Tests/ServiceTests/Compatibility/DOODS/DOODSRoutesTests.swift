import Foundation
import Imaging
import Service
import TestSupport
import Testing

@Suite("DOODSRoutes", .serialized)
struct DOODSRoutesTests {
  private let service: TestService
  private let data: String
  private let scene: ServedScene

  init() async throws {
    service = try await TestService(models: ["yolox-nano", "spare"])
    scene = try ServedScene.current
    data = Data(try scene.imageBytes).base64EncodedString()
  }

  private func detect(_ members: [String: Any]) async throws -> RawResponse {
    try await service.post(json: ["data": data].merging(members) { $1 }, to: "/doods/detect")
  }

  private func detections(_ response: RawResponse) throws -> [[String: Any]] {
    #expect(response.status == 200)
    return try #require(try response.json["detections"] as? [[String: Any]])
  }

  @Test("the detectors are the models, and the first is also the default")
  func detectors() async throws {
    let detectors = try #require(
      try await service.get("/doods/detectors").json["detectors"] as? [[String: Any]])
    #expect(detectors.map { $0["name"] as? String } == ["default", "yolox-nano", "spare"])
    #expect(detectors.map { $0["model"] as? String } == ["yolox-nano", "yolox-nano", "spare"])
    for detector in detectors {
      #expect(detector["width"] as? Int == scene.inputSide && detector["height"] as? Int == scene.inputSide)
      #expect((detector["labels"] as? [String])?.count == scene.classCount)
    }
  }

  @Test("boxes are fractions of the image, confidences percent")
  func detection() async throws {
    let response = try await detect(["id": "7", "detector_name": "default", "detect": ["*": 40]])
    #expect(try response.json["id"] as? String == "7" && response.json["error"] == nil)
    let found = try detections(response)
    #expect(found.map { $0["label"] as? String } == dogBicycleCar)
    #expect((found[0]["confidence"] as? Double ?? 0) > 80)
    for (index, side) in ["left", "top", "right", "bottom"].enumerated() {
      let expected = scene.dogBox[index] / Double(index % 2 == 0 ? scene.width : scene.height)
      #expect(abs((found[0][side] as? Double ?? 0) - expected) < 0.005, "\(side)")
    }
  }

  @Test("* does not apply to a named label; without thresholds there are no detections")
  func thresholds() async throws {
    let dogless = try detections(try await detect(["detect": ["*": 40, "dog": 99]]))
    #expect(dogless.map { $0["label"] as? String } == ["bicycle", "car"])
    let dog = try detections(try await detect(["detector_name": "spare", "detect": ["dog": 50]]))
    #expect(dog.map { $0["label"] as? String } == ["dog"])
    #expect(try detections(try await detect([:])).isEmpty)
  }

  @Test("a region selects what it covers or overlaps, with its name")
  func regions() async throws {
    // The car is at the top right; the dog's box reaches from the left third down to the bottom.
    func found(covers: Bool) async throws -> [[String: Any]] {
      let region: [String: Any] = [
        "id": "right", "top": 0, "left": 0.5, "bottom": 0.5, "right": 1, "covers": covers,
        "detect": ["*": 40],
      ]
      return try detections(try await detect(["regions": [region]]))
    }
    let inside = try await found(covers: true)
    #expect(inside.map { $0["label"] as? String } == ["car"])
    #expect(inside.map { $0["region_id"] as? String } == ["right"])
    #expect(try await found(covers: false).map { $0["label"] as? String } == ["bicycle", "car"])
  }

  @Test(
    "responds with the annotated image on request",
    arguments: [("jpeg", OutputFormat.jpeg), ("png", .png)])
  func image(name: String, format: OutputFormat) async throws {
    let response = try await detect(["detect": ["*": 40], "image": name])
    let bytes = try #require(
      (try response.json["image"] as? String).flatMap { Data(base64Encoded: $0) })
    #expect(ImageFormat(sniffing: bytes)?.rawValue == format.rawValue)
    let image = try Image(decoding: [UInt8](bytes))
    #expect(image.width == scene.width && image.height == scene.height)
    #expect(try await detect(["detect": ["*": 40]]).json["image"] == nil)
  }

  @Test("errors are in the member error")
  func errors() async throws {
    for (members, status) in [
      (["detector_name": "nothing"], 404), (["data": "http://camera/now.jpg"], 400), (["data": ""], 400),
      (["data": "aGVsbG8=", "detect": ["*": 40]], 415), (["detect": "all"], 400),
      (["preprocess": ["grayscale"]], 400),
    ] as [([String: Any], Int)] {
      let response = try await detect(members)
      #expect(response.status == status, "\(members)")
      #expect(try (response.json["error"] as? String)?.isEmpty == false)
      #expect(try (response.json["detections"] as? [Any])?.isEmpty == true)
    }
    let unknown = try await service.get("/doods/stream")
    #expect(try unknown.status == 404 && unknown.json["error"] is String)
  }

  @Test("accepts the key where pydoods sends it")
  func keys() async throws {
    let key = "correct-horse-battery"
    let file = URL.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(key.utf8).write(to: file)
    let service = try await TestService { $0.access.keys = try APIKeys(contentsOfFile: file.path) }
    let refused = try await service.get("/doods/detectors")
    #expect(try refused.status == 401 && refused.json["error"] is String)
    #expect(
      try await service.get("/doods/detectors", fields: "doods-auth-key: wrong-horse-battery\r\n").status
        == 401)
    #expect(try await service.get("/doods/detectors", fields: "doods-auth-key: \(key)\r\n").status == 200)
    // Only the routes of DOODS accept this field.
    #expect(try await service.get("/v1/models", fields: "doods-auth-key: \(key)\r\n").status == 401)
  }
}
