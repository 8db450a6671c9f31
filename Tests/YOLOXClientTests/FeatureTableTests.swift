import Foundation
import Service
import TestSupport
import Testing
import YOLOXClient

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Each feature of `/detect` by each way to it: the query, the form, JSON, the client and the command line find the same.
/// OpenAPITests has the description of each, and Tests/Integration/Clients/page.py the page.
@Suite("Features of /detect, by every way", .serialized, .computing)
struct FeatureTableTests {
  struct Feature: Sendable, CustomTestStringConvertible {
    /// Names and texts, as a query has them.
    let parameters: [(name: String, text: String)]
    let options: @Sendable (inout DetectOptions) -> Void
    /// Whether the command line has it, which has no service's profiles.
    var hasCommand = true

    var testDescription: String { parameters.map { "\($0.name)=\($0.text)" }.joined(separator: "&") }
  }

  /// A detection in whole numbers.
  struct Found: Hashable {
    let label: String
    let numbers: [Int]
  }

  private static func square(_ x: Double, _ y: Double, _ side: Double) -> Zone {
    let (right, bottom) = (min(1, x + side), min(1, y + side))
    return Zone([
      .init(x: x, y: y), .init(x: right, y: y), .init(x: right, y: bottom), .init(x: x, y: bottom),
    ])
  }

  /// Of the scene's left half.
  private static let left = square(0, 0, 0.5)

  private static func text(_ zone: Zone) -> String {
    zone.points.map { "\($0.x),\($0.y)" }.joined(separator: ",")
  }

  static let features: [Feature] = [
    Feature(parameters: [("score_threshold", "0.8")]) { $0.scoreThreshold = 0.8 },
    Feature(parameters: [("max_detections", "1")]) { $0.maxDetections = 1 },
    Feature(parameters: [("classes", "bicycle,car")]) { $0.classes = ["bicycle", "car"] },
    Feature(parameters: [("slices", "2x2")]) { $0.slices = "2x2" },
    Feature(parameters: [
      ("slice_size", "400x300"), ("slice_overlap", "0.3"), ("slice_merge", "greedy_nmm"),
      ("slice_metric", "ios"),
      ("slice_threshold", "0.6"),
    ]) {
      $0.sliceSize = "400x300"
      $0.sliceOverlap = 0.3
      $0.sliceMerge = .greedyNMM
      $0.sliceMetric = .ios
      $0.sliceThreshold = 0.6
    },
    Feature(parameters: [("score_thresholds", "dog:0.99")]) { $0.scoreThresholds = ["dog": 0.99] },
    Feature(parameters: [("min_box_size", "45%")]) { $0.minBoxSize = "45%" },
    Feature(parameters: [("max_box_size", "45%")]) { $0.maxBoxSize = "45%" },
    Feature(parameters: [("include_zones", text(left))]) { $0.includeZones = [left] },
    Feature(parameters: [("exclude_zones", text(left)), ("zone_match", "0.2")]) {
      $0.excludeZones = [left]
      $0.zoneMatch = .share(0.2)
    },
    Feature(parameters: [("include_zones", text(left)), ("zone_match", "bottom_center")]) {
      $0.includeZones = [left]
      $0.zoneMatch = .bottomCenter
    },
    Feature(parameters: [("profile", "dogs")], options: { $0.profile = "dogs" }, hasCommand: false),
  ]

  @Test("finds the same in all of them, and not what it finds without", arguments: features)
  func row(feature: Feature) async throws {
    let folder = URL.temporaryDirectory.appending(path: "features-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "profiles.json")
    try Data(#"{"profiles": {"dogs": {"classes": ["dog"]}}}"#.utf8).write(to: file)
    let profiles = try Profiles(contentsOfFile: file.path)
    let service = try await RunningService { $0.profiles = profiles }
    let scene = try ServedScene.current
    let image = try Data(scene.imageBytes)
    let detect = service.url.appending(path: "detect")

    let plain = try await post(image, to: detect)
    let byQuery = try await post(
      image,
      to: detect.appending(queryItems: feature.parameters.map { URLQueryItem(name: $0.name, value: $0.text) })
    )
    #expect(Set(plain) != Set(byQuery) && !plain.isEmpty)

    var form = Data()
    for (name, text) in feature.parameters {
      form += Data("--b\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(text)\r\n".utf8)
    }
    form += Data("--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n".utf8)
    form += image + Data("\r\n--b--\r\n".utf8)
    #expect(try await post(form, "multipart/form-data; boundary=b", to: detect) == byQuery)

    var members: [String: Any] = ["image": image.base64EncodedString()]
    for (name, text) in feature.parameters { members[name] = Double(text).map { $0 as Any } ?? text }
    let json = try JSONSerialization.data(withJSONObject: members)
    #expect(try await post(json, "application/json", to: detect) == byQuery)

    var options = DetectOptions()
    feature.options(&options)
    let byClient = try await service.client.detect(image, options: options).detections
    #expect(
      byClient.map { found in
        Found(
          label: found.label,
          numbers: [found.score * 1e4, found.box.x1, found.box.y1, found.box.x2, found.box.y2].map {
            Int($0.rounded())
          })
      } == byQuery)

    guard feature.hasCommand else { return }
    let weights = folder.appending(path: "weights")
    try Data(scene.weights).write(to: weights)
    var arguments = ["detect", scene.image.path, "--format", "json", "--weights", weights.path]
    for (name, text) in feature.parameters {
      arguments += ["--" + name.replacingOccurrences(of: "_", with: "-"), text]
    }
    #expect(try await command(arguments, in: folder) == byQuery)
  }

  private func post(
    _ body: Data, _ type: String = "application/octet-stream", to url: URL
  ) async throws -> [Found] {
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.httpBody = body
    request.setValue(type, forHTTPHeaderField: "Content-Type")
    let (data, response) = try await RunningService.patientSession.data(for: request)
    #expect((response as? HTTPURLResponse)?.statusCode == 200, "\(String(decoding: data, as: UTF8.self))")
    return try detections(data)
  }

  private func detections(_ json: Data) throws -> [Found] {
    let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    return try #require(object["detections"] as? [[String: Any]]).map { detection in
      let box = try #require(detection["box"] as? [String: Double])
      let score = try #require(detection["score"] as? Double)
      return Found(
        label: try #require(detection["label"] as? String),
        numbers: try [score * 1e4].map { Int($0.rounded()) }
          + ["x1", "y1", "x2", "y2"].map { Int(try #require(box[$0]).rounded()) })
    }
  }

  /// Runs the built command, which lies beside the tests.
  private func command(_ arguments: [String], in folder: URL) async throws -> [Found] {
    let process = Process()
    let tests =
      CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(filePath: $0) }
      ?? URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.executableURL = tests.deletingLastPathComponent().appending(path: "yolox")
    process.arguments = arguments
    let output = folder.appending(path: "output")
    try Data().write(to: output)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return try detections(try Data(contentsOf: output))
  }
}
