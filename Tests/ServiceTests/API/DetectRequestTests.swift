import Foundation
import TestSupport
import Testing

@Suite("DetectRequest", .serialized)
struct DetectRequestTests {
  private let service: TestService
  private let dog: [UInt8]
  private let carID: Int
  private var base64: String { Data(dog).base64EncodedString() }

  init() async throws {
    service = try await TestService()
    dog = try ServedScene.current.imageBytes
    carID = try ServedScene.current.classIDs[2]
  }

  private func results(_ response: RawResponse) throws -> [[String: Any]] {
    #expect(response.status == 200)
    return try #require(try response.json["results"] as? [[String: Any]])
  }

  // MARK: Forms

  @Test("a form with one file gets the response of the file itself, with its fields as parameters")
  func form() async throws {
    let response = try await service.post(form: [
      ("score_threshold", nil, Array("0.5".utf8)), ("upload", "dog.jpg", dog),
      ("classes", nil, Array("dog, \(carID)".utf8)),
    ])
    #expect(try labels(response.json) == ["dog", "car"])
  }

  @Test("a field called image needs no file name")
  func namedField() async throws {
    let response = try await service.post(form: [
      ("image", nil, dog), ("max_detections", nil, Array("1".utf8)),
    ])
    #expect(try labels(response.json) == ["dog"])
  }

  @Test("several files of a form get results in order, and a bad one affects no other")
  func severalFiles() async throws {
    let response = try await service.post(form: [
      ("a", "dog.jpg", dog), ("b", "broken.jpg", Array(dog.prefix(300))), ("c", "again.jpg", dog),
      ("score_threshold", nil, Array("0.5".utf8)),
    ])
    let results = try results(response)
    #expect(results.count == 3)
    #expect(try labels(results[0]) == dogBicycleCar && labels(results[2]) == dogBicycleCar)
    let error = try #require(results[1]["error"] as? [String: Any])
    #expect(
      error["type"] as? String == "urn:swift-yolox:problem:truncated-image" && error["status"] as? Int == 422)
  }

  @Test(
    "an invalid form is rejected with the reason",
    arguments: [
      (["threshold"], 400, "invalid-parameter"),
      (["score_threshold", "score_threshold"], 400, "invalid-parameter"),
      ([], 400, "no-image"),
    ])
  func badForms(fields: [String], status: Int, problem: String) async throws {
    let image: [(name: String, file: String?, body: [UInt8])] =
      fields.isEmpty ? [] : [("image", "dog.jpg", dog)]
    let response = try await service.post(form: image + fields.map { ($0, nil, Array("0.5".utf8)) })
    #expect(response.status == status)
    #expect(try response.problem == problem)
  }

  @Test("a form without its end or without a boundary is an invalid body")
  func unreadableForms() async throws {
    for type in ["multipart/form-data; boundary=abc", "multipart/form-data"] {
      let response = try await service.post(Array("--abc\r\n".utf8), fields: "Content-Type: \(type)\r\n")
      #expect(response.status == 400)
      #expect(try response.problem == "invalid-body")
    }
  }

  // MARK: JSON

  @Test("an image can be base64, with line breaks or as a data URI")
  func json() async throws {
    let lines = Data(dog).base64EncodedString(options: [.lineLength76Characters, .endLineWithCarriageReturn])
    let url = base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    for text in [
      base64, lines, url, "DATA:image/jpeg;name=a.jpg;BASE64, " + base64,
      "data:image/jpeg;charset=utf-8;name=\"a, b;c.jpg\";base64,\(base64)", "data:;base64,\(base64)",
      "data:image/jpeg;base64;name=a.jpg,\(base64)",
      "data:\(try ServedScene.current.mediaType);base64," + base64,
    ] {
      let response = try await service.post(json: [
        "image": text, "score_threshold": 0.5, "classes": ["dog", carID], "class_agnostic": true,
        "nms_threshold": NSNull(),
      ])
      #expect(try labels(response.json) == ["dog", "car"])
    }
  }

  @Test("a list gets a list of results, whatever its length, each image on its own")
  func jsonList() async throws {
    let one = try results(await service.post(json: ["images": [base64], "max_detections": 1]))
    #expect(try one.count == 1 && labels(one[0]) == ["dog"])
    let three = try results(await service.post(json: ["images": [base64, "%%%", 7], "max_detections": 1]))
    #expect(try labels(three[0]) == ["dog"])
    for result in three.dropFirst() {
      #expect(
        (result["error"] as? [String: Any])?["type"] as? String == "urn:swift-yolox:problem:invalid-body")
    }
  }

  @Test(
    "JSON that is not a request is rejected",
    arguments: [
      (#"{"image": "*"}"#, "invalid-body"), (#"{"image": "http://example.org/dog.jpg"}"#, "invalid-body"),
      (#"{"image": "data:image/jpeg,abc"}"#, "invalid-body"), ("{}", "no-image"),
      (#"{"images": []}"#, "no-image"),
      (#"{"image": "AA==", "images": ["AA=="]}"#, "no-image"), (#"{"image": 3}"#, "no-image"),
      ("[1, 2]", "invalid-body"), (#"{"image": "AA==""#, "invalid-body"),
      (#"{"image": {"a": 1}}"#, "invalid-body"),
      (#"{"image": "AA==", "max_detections": 2.5}"#, "invalid-parameter"),
      (#"{"image": "AA==", "score_threshold": true}"#, "invalid-parameter"),
      (#"{"image": "AA==", "classes": [{}]}"#, "invalid-body"),
      (#"{"image": "AA==", "classes": [true]}"#, "invalid-parameter"),
      (#"{"image": "AA==", "model": ""}"#, "invalid-parameter"),
    ])
  func badJSON(body: String, problem: String) async throws {
    let response = try await service.post(
      Array(body.utf8), fields: "Content-Type: application/json; charset=utf-8\r\n")
    #expect(response.status == 400)
    #expect(try response.problem == problem)
  }

  @Test("a parameter in both the query and the body is repeated")
  func twice() async throws {
    let response = try await service.post(
      json: ["image": base64, "max_detections": 1], to: "/detect?max_detections=2")
    #expect(try response.problem == "invalid-parameter")
  }

  @Test("more than 64 images are rejected before any is decoded")
  func tooMany() async throws {
    let response = try await service.post(json: ["images": Array(repeating: "AA==", count: 65)])
    #expect(response.status == 413)
    #expect(try response.problem == "too-many-images")
  }

  @Test("CSV of several images has their indices; drawn images are for one image only")
  func representations() async throws {
    let body = [UInt8](
      try JSONSerialization.data(withJSONObject: ["images": [base64, "AA==", base64], "max_detections": 1]))
    let table = try await service.post(
      body, fields: "Content-Type: application/json\r\nAccept: text/csv\r\n")
    let lines = table.body.split(separator: "\r\n")
    #expect(lines.map { $0.split(separator: ",")[0] } == ["image", "0", "2"])
    let drawing = try await service.post(
      body, fields: "Content-Type: application/json\r\nAccept: image/png\r\n")
    #expect(drawing.status == 406)
  }

  // MARK: Types

  @Test("types that may be an image are decoded, other types get 415")
  func types() async throws {
    for type in [
      "image/webp", "application/octet-stream", "application/x-www-form-urlencoded", "binary/octet-stream",
      "image", "text/plain", "video/mjpeg", "nonsense;;;=",
    ] {
      #expect(try await service.post(dog, fields: "Content-Type: \(type)\r\n").status == 200, "\(type)")
    }
    for type in ["text/plain", "application/xml", "application/json+ld", "nonsense;;;=", "video/mp4"] {
      let response = try await service.post([1], fields: "Content-Type: \(type)\r\n")
      #expect(try response.status == 415 && response.problem == "unsupported-media-type", "\(type)")
    }
  }
}
