import Foundation
import Imaging
import Service
import TestSupport
import Testing

/// Requests that once took minutes or gigabytes.
@Suite("Hostile requests", .serialized)
struct AbuseTests {
  private let service: TestService

  init() async throws { service = try await TestService() }

  private func post(json text: String, to path: String = "/detect") async throws -> RawResponse {
    try await service.post(Array(text.utf8), to: path, fields: "Content-Type: application/json\r\n")
  }

  private func zeros(_ count: Int) -> String { "[" + String(repeating: "0,", count: count) + "0]" }

  @Test("a list of sixty thousand classes is rejected at once")
  func classes() async throws {
    let start = ContinuousClock.now
    let response = try await post(json: #"{"image":"AA==","classes":\#(zeros(60_000))}"#)
    #expect(try response.status == 400 && response.problem == "invalid-body")
    #expect(start.duration(to: .now) < .seconds(10))
  }

  @Test("a list of more classes than the network's is rejected, as JSON and as text")
  func moreClasses() async throws {
    let dog = try ServedScene.current.imageBytes
    let list = #"{"image":"\#(Data(dog).base64EncodedString())","classes":\#(zeros(80))}"#
    #expect(try await post(json: list).problem == "invalid-parameter")
    let text = Array(repeating: "0", count: 81).joined(separator: ",")
    #expect(try await service.post(dog, to: "/detect?classes=\(text)").problem == "invalid-parameter")
  }

  @Test("a list of images is rejected at the 65th")
  func images() async throws {
    // What follows the 65th is no JSON, and is not read.
    let response = try await post(json: #"{"images":["# + String(repeating: "0,", count: 65) + "!")
    #expect(try response.status == 413 && response.problem == "too-many-images")
  }

  @Test(
    "nested JSON is rejected by every API",
    arguments: ["/detect", "/doods/detect", "/v2/models/yolox-nano/infer", "/predictions/yolox-nano"])
  func nested(path: String) async throws {
    for member in ["image", "x", "regions", "inputs"] {
      let text = #"{"\#(member)":"# + String(repeating: "[", count: 100_000)
      #expect(try await post(json: text, to: path).status == 400)
    }
  }

  @Test(
    "repeated names and trailing commas are rejected by every API",
    arguments: ["/detect", "/doods/detect", "/v2/models/yolox-nano/infer", "/predictions/yolox-nano"])
  func strict(path: String) async throws {
    for text in [#"{"id":"1","id":"2"}"#, #"{"id":"1",}"#] {
      #expect(try await post(json: text, to: path).status == 400, "\(text)")
    }
  }

  @Test("DOODS regions are limited")
  func regions() async throws {
    let region = #"{"top":0,"left":0,"bottom":1,"right":1,"detect":{"*":1}}"#
    let regions = Array(repeating: region, count: 65).joined(separator: ",")
    let response = try await post(json: #"{"data":"AA==","regions":[\#(regions)]}"#, to: "/doods/detect")
    #expect(try response.status == 400 && (response.json["error"] as? String)?.contains("64 regions") == true)
  }

  @Test("each KServe output is given once")
  func outputs() async throws {
    let tensor = KServeTensor("BYTES", [1], bytes: try KServeTensor.dogs(1))
    for count in [2, 6] {
      let outputs = Array(repeating: ["name": "raw"], count: count)
      #expect(try await service.infer(tensor, outputs: outputs).status == 400)
    }
  }

  @Test("messages quote at most a hundred characters of a client's text")
  func excerpts() async throws {
    let long = String(repeating: "x", count: 100_000)
    for text in [
      #"{"image":"AA==","classes":"\#(long)"}"#, #"{"image":"AA==","\#(long)":1}"#,
      #"{"image":"AA==","model":"\#(long)"}"#, #"{"image":"AA==","score_threshold":"\#(long)"}"#,
      #"{"image":"AA==","classes":["\#(long)"]}"#,
    ] {
      let response = try await post(json: text)
      #expect(response.status == 400 && response.body.count < 600, "\(response.body.prefix(300))")
    }
    let combining = String(repeating: "\u{301}", count: 50_000)
    #expect(try await post(json: #"{"image":"AA==","e\#(combining)":1}"#).bytes.count < 800)
    let name = #"{"inputs":[{"name":"\#(long)","shape":[1],"datatype":"\#(long)"}]}"#
    #expect(try await post(json: name, to: "/v2/models/yolox-nano/infer").body.count < 600)
  }

  @Test("a message shows no control characters of a client's text")
  func controlCharacters() async throws {
    let response = try await post(json: #"{"image":"AA==","a\u000a\u001b[31m":1}"#)
    let detail = try #require(try response.json["detail"] as? String)
    #expect(!detail.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
  }

  @Test("a form without a file is limited to a hundred fields and 64 kB")
  func forms() async throws {
    let type = "Content-Type: application/x-www-form-urlencoded\r\n"
    func post(_ text: String) async throws -> RawResponse {
      try await service.post(Array(text.utf8), to: "/v1/vision/detection", fields: type)
    }
    #expect(try await post(String(repeating: "a&", count: 200)).status == 400)
    let start = ContinuousClock.now
    #expect(try await post(String(repeating: "a&", count: 4_000_000)).status == 413)
    #expect(start.duration(to: .now) < .seconds(60))
  }
}
