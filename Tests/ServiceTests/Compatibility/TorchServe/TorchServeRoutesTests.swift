import Foundation
import TestSupport
import Testing

@Suite("TorchServeRoutes", .serialized)
struct TorchServeRoutesTests {
  private let service: TestService
  private let dog: [UInt8]

  init() async throws {
    service = try await TestService()
    dog = try ServedScene.current.imageBytes
  }

  @Test("responds with a list of labels with boxes and scores", arguments: ["POST", "PUT"])
  func prediction(method: String) async throws {
    let response = try await service.send(method, "/predictions/yolox-nano?score_threshold=0.4", body: dog)
    #expect(response.status == 200)
    let list = try #require(
      try JSONSerialization.jsonObject(with: Data(response.bytes)) as? [[String: Any]])
    #expect(list.map { $0.keys.filter { $0 != "score" } } == dogBicycleCar.map { [$0] })
    #expect((list[0]["dog"] as? [Double])?.count == 4 && list[0]["score"] is Double)
  }

  @Test("accepts a form with the file as data")
  func form() async throws {
    let response = try await service.post(
      form: [("data", "dog.jpg", dog)], to: "/predictions/yolox-nano?score_threshold=0.4")
    #expect(response.status == 200)
  }

  @Test("errors have a code, a type and a message")
  func errors() async throws {
    for (path, body, status, type) in [
      ("/predictions/nothing", dog, 404, "ModelNotFoundException"),
      ("/predictions/yolox-nano", Array("hello".utf8), 415, "BadRequestException"),
    ] {
      let response = try await service.post(body, to: path)
      #expect(response.status == status)
      #expect(try response.json["code"] as? Int == status && response.json["type"] as? String == type)
      #expect(try response.json["message"] is String)
    }
    let wrongMethod = try await service.get("/predictions/yolox-nano")
    #expect(try wrongMethod.json["type"] as? String == "MethodNotAllowedException")
  }

  @Test("ping reports that the service is healthy")
  func ping() async throws {
    #expect(try await service.get("/ping").json["status"] as? String == "Healthy")
  }
}
