import Foundation
import HTTPServer
import Service
import TestSupport
import Testing
import YOLOX

/// Compares the API description with the routes. Tests/Clients/check.sh compares it with live responses.
@Suite("OpenAPI", .serialized)
struct OpenAPITests {
  @Test("describes exactly the paths and methods that are served")
  func paths() async throws {
    let service = try await TestService()
    let paths = try #require(try await service.get("/openapi.json").json["paths"] as? [String: [String: Any]])
    #expect(paths.keys.sorted() == service.server.paths)
    for (path, operations) in paths {
      let allowed = try await service.send(
        "OPTIONS",
        path.replacingOccurrences(of: "{name}", with: "yolox-nano")
          .replacingOccurrences(of: "{version}", with: "1")
      ).fields["allow"]
      let described = Set(operations.keys.map { $0.uppercased() })
      let served = Set((allowed ?? "").components(separatedBy: ", ")).subtracting(["HEAD", "OPTIONS"])
      #expect(described == served, "\(path)")
    }
  }

  @Test("every reference has a target")
  func references() async throws {
    let document = try await TestService().get("/openapi.json").json
    func check(_ node: Any) {
      if let object = node as? [String: Any] {
        if let reference = object["$ref"] as? String {
          let path = reference.dropFirst(2).split(separator: "/").map(String.init)
          let target = path.reduce(document as Any?) { ($0 as? [String: Any])?[$1] }
          #expect(reference.hasPrefix("#/") && target != nil, "\(reference)")
        }
        for value in object.values { check(value) }
      } else if let list = node as? [Any] {
        for value in list { check(value) }
      }
    }
    check(document)
  }

  // MARK: Parameters

  private func resolve(_ node: Any?, in document: [String: Any]) throws -> [String: Any] {
    let object = try #require(node as? [String: Any])
    guard let reference = object["$ref"] as? String else { return object }
    let path = reference.dropFirst(2).split(separator: "/").map(String.init)
    return try resolve(path.reduce(document as Any?) { ($0 as? [String: Any])?[$1] }, in: document)
  }

  /// The object at a path, with references resolved on the way.
  private func object(
    _ path: [String], from node: [String: Any]? = nil, in document: [String: Any]
  ) throws -> [String: Any] {
    try path.reduce(node ?? document) { node, key in try resolve(node[key], in: document) }
  }

  @Test("the query, the form and the JSON of /detect have the parameters that the route knows")
  func parameters() async throws {
    let document = try await TestService().get("/openapi.json").json
    let known = DetectParameters.Name.allCases.map(\.rawValue).sorted()

    let post = try object(["paths", "/detect", "post"], in: document)
    let query = try #require(post["parameters"] as? [Any]).map { try resolve($0, in: document) }
      .filter { $0["in"] as? String == "query" }
    #expect(query.compactMap { $0["name"] as? String }.sorted() == known)

    let content = try object(["requestBody", "content"], from: post, in: document)
    let form = try object(["multipart/form-data", "schema"], from: content, in: document)
    let fields = try #require(form["properties"] as? [String: Any])
    #expect(fields.keys.filter { $0 != "image" }.sorted() == known)

    // A text in a form, and also a list or an object in JSON.
    let structured: Set = ["classes", "score_thresholds", "include_zones", "exclude_zones"]
    let json = try object(["application/json", "schema"], from: content, in: document)
    let objects = try #require(json["oneOf"] as? [Any]).map { try resolve($0, in: document) }
    #expect(objects.count == 2)
    for body in objects {
      let members = try #require(body["properties"] as? [String: Any])
      #expect(members.keys.filter { !["image", "images"].contains($0) }.sorted() == known)
      #expect(body["additionalProperties"] as? Bool == false)
      // One schema for each parameter, wherever it is sent. Only the response to a list has fewer formats.
      for name in known where !structured.contains(name) {
        let isListFormat = name == "format" && members["images"] != nil
        let expected =
          isListFormat ? ["$ref": "#/components/schemas/ListFormat"] : fields[name] as? [String: String]
        #expect((members[name] as? [String: String]) == expected, "\(name)")
      }
    }
  }

  @Test("the route rejects an invalid value of every parameter, wherever it is sent, and names it")
  func parametersOfRoute() async throws {
    let service = try await TestService()
    for name in DetectParameters.Name.allCases.map(\.rawValue) {
      // No parameter takes this: no number, no label, no Boolean, no model.
      let wrong = name == "model" ? "" : "?"
      let responses = [
        try await service.post([1], to: "/detect?\(name)=\(wrong == "?" ? "%3F" : "")"),
        try await service.post(form: [("image", "a.jpg", [1]), (name, nil, Array(wrong.utf8))]),
        try await service.post(json: ["image": "AA==", name: wrong]),
      ]
      for response in responses {
        #expect(try response.status == 400 && response.problem == "invalid-parameter", "\(name)")
        #expect(try (response.json["detail"] as? String)?.contains("'\(name)'") == true)
      }
    }
  }

  @Test("the defaults and limits of parameters are those of the code")
  func defaults() async throws {
    let document = try await TestService().get("/openapi.json").json
    func schema(_ name: DetectParameters.Name) throws -> [String: Any] {
      try object(["components", "parameters", name.rawValue, "schema"], in: document)
    }
    let options = DetectionOptions()
    // The document has decimals, the code Floats.
    let scores = try [DetectParameters.Name.scoreThreshold, .nmsThreshold].map {
      Float(try #require(try schema($0)["default"] as? Double))
    }
    #expect(scores == [options.scoreThreshold, options.nmsThreshold])
    #expect(try schema(.maxDetections)["default"] as? Int == options.maxDetections)
    #expect(try schema(.maxDetections)["maximum"] as? Int == DetectParameters.maxDetections)
    #expect(try schema(.classAgnostic)["default"] as? Bool == options.classAgnostic)
    let slices = SliceOptions(.grid(columns: 2, rows: 2))
    #expect(try schema(.sliceOverlap)["default"] as? Double == slices.overlap)
    #expect(try schema(.sliceOverlap)["maximum"] as? Double == SliceOptions.overlapRange.upperBound)
    #expect(try schema(.sliceMerge)["default"] as? String == slices.merge.method.rawValue)
    #expect(try schema(.sliceMetric)["default"] as? String == slices.merge.metric.rawValue)
    #expect(try schema(.sliceThreshold)["default"] as? Double == Double(slices.merge.threshold))
  }
}
