import Foundation
import HTTPServer
import TestSupport
import Testing

/// What the description says is checked against the routes here, and against live answers by Tests/Integration/Clients/openapi.py.
@Suite("OpenAPI", .serialized, .enabled(if: SharedData.isPresent, SharedData.missing))
struct OpenAPITests {
  @Test("describes every path, and every method of it, and nothing else")
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

  @Test("every reference in it leads somewhere")
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
}
