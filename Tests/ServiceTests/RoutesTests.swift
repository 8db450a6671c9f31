import Engine
import Foundation
import Imaging
import Service
import TestSupport
import Testing
import YOLOX

@Suite("Routes", .serialized)
struct RoutesTests {
  private let service: TestService

  init() async throws { service = try await TestService() }

  private func post(_ body: [UInt8], to path: String = "/detect", fields: String = "") async throws
    -> RawResponse
  {
    try await service.post(body, to: path, fields: fields)
  }

  private func get(_ path: String, fields: String = "") async throws -> RawResponse {
    try await service.get(path, fields: fields)
  }

  @Test("the dog, the bicycle and the car of an image are detected")
  func dog() async throws {
    let scene = try ServedScene.current
    let response = try await post(try scene.imageBytes)
    #expect(response.status == 200 && response.fields["content-type"] == "application/json")
    let json = try response.json
    let detections = try #require(json["detections"] as? [[String: Any]])
    #expect(detections.prefix(3).map { $0["label"] as? String } == ["dog", "bicycle", "car"])
    #expect(detections[0]["class_id"] as? Int == scene.classIDs[0])
    let box = try #require(detections[0]["box"] as? [String: Double])
    for (side, expected) in zip(["x1", "y1", "x2", "y2"], scene.dogBox) {
      #expect(abs((box[side] ?? 0) - expected) < 2, "\(side)")
    }
    #expect((json["image"] as? [String: Int]) == ["width": scene.width, "height": scene.height])
    let model = try #require(json["model"] as? [String: Any])
    #expect(
      model["name"] as? String == "yolox-nano"
        && (model["input"] as? [String: Int])?["width"] == scene.inputSide)
    let timing = try #require(json["timing_ms"] as? [String: Double])
    #expect(Set(timing.keys) == ["decode", "preprocess", "queue", "inference", "postprocess", "total"])
  }

  @Test("members are in a natural order, in results and in problems")
  func memberOrder() async throws {
    func positions(_ body: String, _ members: [String]) throws -> [String.Index] {
      try members.map { try #require(body.range(of: "\"\($0)\":"), "\($0)").lowerBound }
    }
    let body = try await post(try ServedScene.current.imageBytes).body
    for members in [
      ["image", "model", "detections", "timing_ms"],
      ["label", "class_id", "score", "box", "x1", "y1", "x2", "y2"],
      ["decode", "preprocess", "queue", "inference", "postprocess", "total"],
    ] {
      let positions = try positions(body, members)
      #expect(positions == positions.sorted(), "\(members)")
    }
    let problem = try await post([]).body
    let order = try positions(problem, ["type", "title", "status", "detail"])
    #expect(order == order.sorted())
  }

  @Test(
    "bad bodies are problems with their own status and type",
    arguments: [
      ("", 400, "no-image"), ("hello", 415, "unsupported-image"),
      ("\u{89}PNG\r\n\u{1a}\n", 415, "unsupported-image"),
    ])
  func badBodies(body: String, status: Int, type: String) async throws {
    let response = try await post(Array(body.utf8))
    #expect(response.status == status)
    #expect(try response.problem == type)
  }

  @Test("a truncated image is 422 and the detail says where it ends")
  func truncated() async throws {
    let response = try await post(Array(try ServedScene.current.imageBytes.prefix(500)))
    #expect(response.status == 422)
    #expect(try response.problem == "truncated-image")
    #expect(try response.json["detail"] as? String ?? "" != "")
  }

  @Test("concurrent requests with one image get the same detections")
  func together() async throws {
    let image = try ServedScene.current.imageBytes
    let bodies = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<12 {
        group.addTask {
          let response = try await self.post(image)
          return String(response.body.prefix { $0 != "]" })
        }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(bodies.count == 1)
  }

  @Test("is alive and ready")
  func health() async throws {
    for path in ["/healthz", "/readyz"] {
      #expect(try await get(path).status == 200, "\(path)")
    }
  }

  @Test(
    "parameters select detections",
    arguments: [
      ("score_threshold=0.5", ["dog", "bicycle", "car"]),
      ("classes=car,dog&score_threshold=0.5", ["dog", "car"]),
      ("max_detections=1", ["dog"]), ("class_agnostic=true&score_threshold=0.28", ["dog", "bicycle", "car"]),
    ])
  func parameters(query: String, expected: [String]) async throws {
    let response = try await post(try ServedScene.current.imageBytes, to: "/detect?\(query)")
    #expect(try labels(response.json) == expected)
  }

  @Test(
    "invalid parameters are rejected by name",
    arguments: [
      ("treshold=1", "treshold"), ("score_threshold=1.5", "score_threshold"),
      ("score_threshold=nan", "score_threshold"),
      ("nms_threshold=x", "nms_threshold"), ("max_detections=0", "max_detections"),
      ("classes=dog,unicorn", "unicorn"),
      ("class_agnostic=maybe", "class_agnostic"), ("classes=1&classes=2", "repeated"),
    ])
  func wrongParameters(query: String, named: String) async throws {
    let response = try await post(try ServedScene.current.imageBytes, to: "/detect?\(query)")
    #expect(response.status == 400)
    #expect(try response.problem == "invalid-parameter")
    #expect((try response.json["detail"] as? String)?.contains(named) == true)
  }

  @Test("responds with the media type that Accept prefers, or with 406")
  func representations() async throws {
    let dog = try ServedScene.current.imageBytes
    let table = try await post(dog, to: "/detect?score_threshold=0.5", fields: "Accept: text/csv\r\n")
    #expect(table.fields["content-type"] == "text/csv")
    let lines = table.body.components(separatedBy: "\r\n")
    #expect(
      try lines[0] == "class_id,label,score,x1,y1,x2,y2"
        && lines[1].hasPrefix("\(ServedScene.current.classIDs[0]),dog,0.")
        && lines.count == 5)

    for (accept, type) in [
      ("image/png", "image/png"), ("image/*", "image/jpeg"), ("text/html, */*;q=0.8", "application/json"),
      ("image/png;q=0.2, image/jpeg;q=0.9", "image/jpeg"),
      // Java's default, a browser's for an image, and clients that prefer CSV by name.
      ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json"),
      ("image/*,*/*", "application/json"), ("image/avif,image/webp,image/png,*/*;q=0.8", "application/json"),
      ("text/csv, application/json;q=0.5", "text/csv"), ("text/*, */*;q=0.1", "application/json"),
      ("image/png, application/json;q=0", "image/png"),
    ] {
      let response = try await post(dog, fields: "Accept: \(accept)\r\n")
      #expect(response.status == 200 && response.fields["content-type"] == type, "\(accept)")
      #expect(response.fields["server-timing"]?.contains("inference;dur=") == true)
    }
    #expect(try await post(dog, fields: "Accept: text/html\r\n").status == 406)
    // Bytes of an image are taken under any type that is not a container.
    #expect(try await post(dog, fields: "Content-Type: text/plain\r\n").status == 200)
    #expect(try await post(Array("dog".utf8), fields: "Content-Type: text/plain\r\n").status == 415)
  }

  @Test("the parameter format overrides Accept")
  func format() async throws {
    let dog = try ServedScene.current.imageBytes
    for (format, type) in [
      ("jpeg", "image/jpeg"), ("png", "image/png"), ("json", "application/json"), ("csv", "text/csv"),
    ] {
      let response = try await post(dog, to: "/detect?format=\(format)", fields: "Accept: text/html\r\n")
      #expect(response.status == 200 && response.fields["content-type"] == type, "\(format)")
    }
    #expect(try await post(dog, to: "/detect?format=bmp").problem == "invalid-parameter")
  }

  @Test("a threshold that equals a reported score keeps that detection")
  func equalThreshold() async throws {
    let dog = try ServedScene.current.imageBytes
    let all = try #require(
      try await post(dog, to: "/detect?score_threshold=0.001").json["detections"] as? [[String: Any]])
    let scores = all.compactMap { $0["score"] as? Double }
    #expect(scores.count > 10)
    for score in scores {
      let found = try #require(
        try await post(dog, to: "/detect?score_threshold=\(score)").json["detections"] as? [[String: Any]])
      #expect(found.count == scores.count { $0 >= score }, "\(score)")
    }
  }

  @Test("an empty list of classes is all classes", arguments: ["classes=", "classes=,", "classes=%20"])
  func emptyClasses(query: String) async throws {
    let dog = try ServedScene.current.imageBytes
    let response = try await post(dog, to: "/detect?score_threshold=0.4&\(query)")
    #expect(try labels(response.json) == dogBicycleCar)
  }

  @Test("draws the detections, also of an image that was decoded at a reduced scale")
  func drawn() async throws {
    let dog = try Image(decoding: try ServedScene.current.imageBytes)
    var large = Image(width: 3 * dog.width, height: 3 * dog.height, gray: 0)
    for y in 0..<large.height { for x in 0..<large.width { large[x, y] = dog[x / 3, y / 3] } }
    let image = try large.encoded(as: .jpeg)

    let model = try TestService.nano()
    let encoded = try EncodedImage(image)
    var predictor = Predictor(model, pool: .init(threads: 1))
    var expected = try encoded.decoded()
    let found = predictor.detect([(try model.prepare(encoded), DetectionOptions())])[0].detections
    #expect(found.count >= 3)
    expected.draw(found, labels: model.labels)
    let response = try await post(image, fields: "Accept: image/png\r\n")
    #expect(response.bytes == (try expected.encoded(as: .png)))
  }

  @Test("counts requests, stages, batches and detections")
  func metrics() async throws {
    _ = try await post(try ServedScene.current.imageBytes, to: "/detect?score_threshold=0.5")
    _ = try await post(Array("no image".utf8))
    let response = try await get("/metrics")
    #expect(response.fields["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
    let lines = Set(response.body.split(separator: "\n").map(String.init))
    for line in [
      #"yolox_requests_total{route="/detect",status="200"} 1"#,
      #"yolox_requests_total{route="/detect",status="415"} 1"#,
      #"yolox_request_seconds_count{route="/detect"} 2"#,
      #"yolox_request_seconds_bucket{route="/detect",le="+Inf"} 2"#,
      #"yolox_detections_total{model="yolox-nano",class="dog"} 1"#,
      #"yolox_stage_seconds_count{model="yolox-nano",stage="inference"} 1"#,
      #"yolox_batch_size_bucket{model="yolox-nano",le="1.0"} 1"#, #"yolox_queue_depth{model="yolox-nano"} 0"#,
      #"yolox_rejected_total{reason="unsupported_format",model="yolox-nano"} 1"#,
      "yolox_requests_in_flight 0",
      #"yolox_build_info{version="test"} 1"#,
    ] { #expect(lines.contains(line), "\(line)") }
    // Earlier connections may still be closing.
    #expect(response.body.contains("\nyolox_connections "))
    #expect(response.body.contains(#"yolox_model_info{model="yolox-nano",kernels=""#))
  }

  @Test("echoes a request id, or generates one")
  func requestID() async throws {
    #expect(try await get("/healthz", fields: "X-Request-Id: abc-1\r\n").fields["x-request-id"] == "abc-1")
    let made = try await get("/healthz", fields: "X-Request-Id: with space\r\n").fields["x-request-id"]
    #expect(made != nil && made != "with space")
  }

  @Test("serves a page that loads nothing from other origins")
  func page() async throws {
    for (path, type) in [
      ("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"),
      ("/page-camera.js", "text/javascript"), ("/page-drawing.js", "text/javascript"),
      ("/page-service.js", "text/javascript"), ("/page-settings.js", "text/javascript"),
      ("/page-zones.js", "text/javascript"),
      ("/sample.png", "image/png"),
    ] {
      let response = try await get(path)
      #expect(response.status == 200 && response.fields["content-type"]?.hasPrefix(type) == true)
      #expect(response.fields["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
      #expect(!response.body.contains("//cdn") && !response.body.contains("https://"))
    }
  }
}

@Suite("BrowserAddress")
struct BrowserAddressTests {
  @Test(
    "is where a browser on this machine finds the service",
    arguments: [
      ("127.0.0.1:8080", "http://127.0.0.1:8080/"), ("0.0.0.0:80", "http://localhost:80/"),
      ("[::]:8080", "http://localhost:8080/"), ("[::1]:8080", "http://[::1]:8080/"), ("/run/yolox.sock", nil),
    ])
  func url(address: String, expected: String?) {
    #expect(BrowserAddress.url(address) == expected)
  }
}
