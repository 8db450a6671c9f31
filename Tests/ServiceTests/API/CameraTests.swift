import Engine
import Foundation
import HTTPServer
import Imaging
import Service
import TestSupport
import Testing
import YOLOX

/// Slices, filters and profiles of `/detect`.
@Suite("Slices, filters and profiles", .serialized)
struct CameraTests {
  private func boxes(_ response: RawResponse) throws -> [[Double]] {
    #expect(response.status == 200, "\(response.body)")
    return try #require(try response.json["detections"] as? [[String: Any]]).map { detection in
      let box = try #require(detection["box"] as? [String: Double])
      return try [detection["score"] as? Double, box["x1"], box["y1"], box["x2"], box["y2"]].map {
        try #require($0)
      }
    }
  }

  @Test(
    "the query, the form and JSON give what the network and the merging give, and the plain request is unchanged"
  )
  func slices() async throws {
    let service = try await TestService()
    let scene = try ServedScene.current
    let image = try scene.imageBytes
    let query = "slices=2x1&slice_overlap=0.3&slice_merge=nms&slice_metric=iou&slice_threshold=0.45"
    let fields = query.split(separator: "&").map { $0.split(separator: "=").map(String.init) }
    let byQuery = try boxes(try await service.post(image, to: "/detect?" + query))
    let byForm = try boxes(
      try await service.post(
        form: [("image", "a.jpg", image)] + fields.map { ($0[0], nil, Array($0[1].utf8)) }))
    let members = Dictionary(uniqueKeysWithValues: fields.map { ($0[0], $0[1] as Any) })
    let byJSON = try boxes(
      try await service.post(json: members.merging(["image": Data(image).base64EncodedString()]) { $1 }))

    let model = try TestService.nano()
    var predictor = Predictor(model, capacity: 3, pool: .init(threads: 1))
    let options = SliceOptions(
      .grid(columns: 2, rows: 1), overlap: 0.3, merge: SliceMerge(.nms, metric: .iou, threshold: 0.45))
    let expected = try predictor.detect(Image(decoding: image), slices: options)
    #expect(!expected.isEmpty && expected.count == byQuery.count)
    for (detection, row) in zip(expected, byQuery) {
      #expect(abs(Double(detection.score) - row[0]) < 1e-4)
      #expect(abs(Double(detection.box.x1) - row[1]) < 0.02 && abs(Double(detection.box.y2) - row[4]) < 0.02)
    }
    #expect(byForm == byQuery && byJSON == byQuery)

    // One tile is the image as a whole.
    let plain = try boxes(try await service.post(image))
    let single = try boxes(try await service.post(image, to: "/detect?slices=1x1"))
    #expect(plain.map { $0[0] }.count == single.count)
  }

  @Test("admission counts tiles, and too many are rejected before an image is decoded")
  func admission() async throws {
    let service = try await TestService { $0.batching.queueLimit = 5 }
    let image = try ServedScene.current.imageBytes
    #expect(try await service.post(image, to: "/detect?slices=2x2").status == 200)
    let rejected = try await service.post(image, to: "/detect?slices=3x2")
    #expect(try rejected.status == 413 && rejected.problem == "too-many-tiles")
    let tiny = try await service.post(image, to: "/detect?slice_size=32")
    #expect(try tiny.status == 413 && tiny.problem == "too-many-tiles")
    // Every permit was returned.
    #expect(service.models.loaded("yolox-nano")?.admission.count == 0)
    let garbage = try await service.post(Array("no image".utf8), to: "/detect?slices=2x2")
    #expect(try garbage.status == 415 && garbage.problem == "unsupported-image")
  }

  @Test(
    "hostile values are rejected by name",
    arguments: [
      "slices=0x0", "slices=99999999999999999999x1", "slices=1000x1000", "slices=nan", "slice_size=1",
      "slice_size=-640",
      "slice_size=1e9", "slices=2x2&slice_size=640", "slice_overlap=0.2", "slices=2x2&slice_overlap=nan",
      "slices=2x2&slice_overlap=1", "slices=2x2&slice_threshold=nan", "slices=2x2&slice_merge=magic",
      "score_thresholds=dog", "score_thresholds=dog:nan", "score_thresholds=dog:2",
      "score_thresholds=nothing:0.5",
      "score_thresholds=dog:0.5,dog:0.6", "min_box_size=nan", "min_box_size=-1", "max_box_size=infinity",
      "include_zones=0,0,1,1", "include_zones=0,0,1,1,1,0,0,1", "include_zones=nan,0,1,1,0,1",
      "exclude_zones=0,0,2,0,1,1",
      "zone_match=0", "zone_match=nan", "profile=none",
    ])
  func hostile(query: String) async throws {
    let service = try await TestService()
    let response = try await service.post(
      [1], to: "/detect?" + query.replacingOccurrences(of: ",", with: "%2C"))
    #expect(try response.status == 400 && response.problem == "invalid-parameter", "\(response.body)")
  }

  /// Values that no API takes; named, because some are long.
  enum Hostile: String, CaseIterable {
    case crossing, notANumber, infinite, thousandZones, thousandPoints, onePixel, tooManyTiles, noGrid,
      negative

    var parameter: (name: String, value: String) {
      switch self {
      case .crossing: ("include_zones", "0,0,1,1,1,0,0,1")
      case .notANumber: ("exclude_zones", "nan,0,1,0,1,1")
      case .infinite: ("include_zones", "0,0,1,0,inf,1")
      case .thousandZones: ("exclude_zones", String(repeating: "0,0,1,0,1,1;", count: 1000))
      case .thousandPoints: ("include_zones", "0,0,1,0,1,1" + String(repeating: ",0.5,0.25", count: 1000))
      case .onePixel: ("slice_size", "1")
      case .tooManyTiles: ("slices", "1000x1000")
      case .noGrid: ("slices", "nan")
      case .negative: ("slice_size", "-640")
      }
    }
  }

  @Test("hostile zones and slices are rejected by every API that has them, and by a profile")
  func hostileEverywhere() async throws {
    let service = try await TestService()
    for hostile in Hostile.allCases { try await reject(hostile, service) }
  }

  private func reject(_ hostile: Hostile, _ service: TestService) async throws {
    let (name, value) = hostile.parameter
    let query = "?\(name)=\(value)"
    let tensor: [String: Any] = ["name": "images", "shape": [1], "datatype": "BYTES", "data": ["AA=="]]
    let isLong = value.utf8.count > 6000
    var responses = [
      try await service.post(form: [("image", "a.jpg", [1]), (name, nil, Array(value.utf8))]),
      try await service.post(json: ["image": "AA==", name: value]),
      try await service.post(
        json: ["inputs": [tensor], "parameters": [name: value]], to: "/v2/models/yolox-nano/infer"),
    ]
    if !isLong {
      responses += [
        try await service.post([1], to: "/detect" + query),
        try await service.post([1], to: "/predictions/yolox-nano" + query),
      ]
    }
    for response in responses {
      #expect(response.status == 400 && response.body.contains("'\(name)'"), "\(response.body)")
    }
    // The head of a request is bounded too.
    if isLong {
      #expect([400, 414, 431].contains(try await service.post([1], to: "/detect" + query).status))
    }
    try await withProfiles(#"{"profiles": {"a": {"\#(name)": "\#(value)"}}}"#) { path in
      #expect(throws: ProfilesError.self) { try Profiles(contentsOfFile: path) }
    }
  }

  @Test("zones are bounded in number, points and nesting")
  func zones() async throws {
    let service = try await TestService()
    let triangle: [[Double]] = [[0, 0], [1, 0], [0.5, 1]]
    func post(_ zones: Any) async throws -> RawResponse {
      try await service.post(json: ["image": "AA==", "include_zones": zones])
    }
    #expect(try await post(Array(repeating: triangle, count: 1000)).problem == "invalid-body")
    #expect(try await post(Array(repeating: triangle, count: 33)).problem == "invalid-parameter")
    #expect(try await post([[[triangle]]]).problem == "invalid-body")
    #expect(try await post([(0..<100).map { [Double($0) / 100, 0] }]).problem == "invalid-parameter")
    #expect(try await post([["x": 1]]).problem == "invalid-body")
    // Valid zones; then the image is at fault.
    #expect(try await post([triangle]).problem == "unsupported-image")
  }

  @Test("filters select by class, size and zone, and the number is limited after them")
  func filters() async throws {
    let service = try await TestService()
    let scene = try ServedScene.current
    let image = try scene.imageBytes
    func found(_ query: String) async throws -> [String] {
      try labels(try await service.post(image, to: "/detect?score_threshold=0.5&" + query).json)
    }
    let all = try await found("")
    #expect(Set(all) == Set(dogBicycleCar))
    #expect(Set(try await found("score_thresholds=dog:0.999")) == ["bicycle", "car"])
    #expect(Set(try await found("score_thresholds=dog:0.999,car:0.1,bicycle:1")) == ["car"])
    let box = scene.dogBox
    let (x, y) = ((box[0] + box[2]) / 2 / Double(scene.width), (box[1] + box[3]) / 2 / Double(scene.height))
    let around = [x - 0.01, y - 0.01, x + 0.01, y - 0.01, x, y + 0.02].map { "\($0)" }.joined(separator: ",")
    #expect(try await found("include_zones=" + around).contains("dog"))
    #expect(!(try await found("exclude_zones=" + around).contains("dog")))
    #expect(try await found("include_zones=" + around + "&zone_match=0.9").isEmpty)
    #expect(try await found("max_box_size=1").isEmpty)
    #expect(try await found("min_box_size=100%25").isEmpty)
    // Without the filter the dog, the best, would be the one.
    #expect(try await found("max_detections=1&exclude_zones=" + around) == [all[1]])
    let members: [String: Any] = [
      "image": Data(image).base64EncodedString(), "score_threshold": 0.5,
      "score_thresholds": ["dog": 0.999], "exclude_zones": [[[0, 0], [0.001, 0], [0, 0.001]]],
    ]
    #expect(Set(try labels(try await service.post(json: members).json)) == ["bicycle", "car"])
  }

  @Test(
    "a threshold of a class that equals a reported score keeps the detection, as that of all classes does")
  func reportedThresholds() async throws {
    let service = try await TestService()
    let image = try ServedScene.current.imageBytes
    let found = try #require(try await service.post(image).json["detections"] as? [[String: Any]])
    #expect(found.count >= 3)
    for detection in found {
      let label = try #require(detection["label"] as? String)
      let score = try #require(detection["score"] as? Double)
      let query = "/detect?score_threshold=1&score_thresholds=\(label):\(score)"
      let kept = try await service.post(image, to: query).json["detections"] as? [[String: Any]]
      #expect(try #require(kept).contains { $0["score"] as? Double == score }, "\(label) \(score)")
    }
  }

  @Test(
    "slices of an input that fits the image are what the predictor finds, and the input is that of the whole image"
  )
  func fittedSlices() async throws {
    var model = try TestService.nano()
    model.inputShape = .fit
    let service = try await TestService(inputShape: .fit)
    let image = try ServedScene.current.imageBytes
    let response = try await service.post(image, to: "/detect?slices=3x1")
    let found = try boxes(response)
    var predictor = Predictor(model, capacity: 4, pool: .init(threads: 1))
    let options = DetectionOptions(scoreThreshold: LabelledDetection.minScore(reportedAtLeast: 0.25))
    let expected = try predictor.detect(
      Image(decoding: image), slices: SliceOptions(.grid(columns: 3, rows: 1)), options: options)
    #expect(!expected.isEmpty && expected.count == found.count)
    for (detection, row) in zip(expected, found) {
      #expect(abs(Double(detection.score) - row[0]) < 1e-4 && abs(Double(detection.box.x1) - row[1]) < 0.02)
    }
    let input = try #require(try response.json["model"] as? [String: Any])["input"] as? [String: Int]
    let whole = model.prepare(try Image(decoding: image)).letterbox
    #expect(input == ["width": whole.inputWidth, "height": whole.inputHeight])
  }

  // MARK: Profiles

  private func withProfiles(_ text: String, _ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "profiles-\(UUID().uuidString).json")
      .path
    try Data(text.utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
  }

  @Test(
    "a profile's parameters apply where the request sets none, here and in DeepStack's API, and are reloaded")
  func profiles() async throws {
    let text = """
      {"port": 1, "profiles": {"door": {"classes": ["dog"], "score_threshold": 0.5, "score_thresholds": {"dog": 0.4}},
       "sliced": {"slices": "2x2"}, "table": {"format": "csv", "max_detections": 1}}}
      """
    try await withProfiles(text) { path in
      let profiles = try Profiles(contentsOfFile: path)
      let service = try await TestService { $0.profiles = profiles }
      let image = try ServedScene.current.imageBytes
      #expect(try labels(try await service.post(image, to: "/detect?profile=door").json) == ["dog"])
      let own = try await service.post(image, to: "/detect?profile=door&classes=bicycle")
      #expect(try labels(own.json) == ["bicycle"])
      // The request's size replaces the profile's grid.
      #expect(try await service.post(image, to: "/detect?profile=sliced&slice_size=5000").status == 200)
      let unknown = try await service.post(image, to: "/detect?profile=window")
      #expect(try unknown.problem == "invalid-parameter" && unknown.body.contains("door, sliced, table"))
      let custom = try await service.post(form: [("image", "a.jpg", image)], to: "/v1/vision/custom/door")
        .json
      let predictions = try #require(custom["predictions"] as? [[String: Any]])
      #expect(predictions.compactMap { $0["label"] as? String } == ["dog"])
      // The form of DeepStack replaces the profile, and the profile the defaults.
      let asked = try await service.post(
        form: [("image", "a.jpg", image), ("classes", nil, Array("bicycle".utf8))],
        to: "/v1/vision/custom/door"
      ).json
      let bicycles = try #require(asked["predictions"] as? [[String: Any]])
      #expect(bicycles.compactMap { $0["label"] as? String } == ["bicycle"])
      let limited = try await service.post(form: [("image", "a.jpg", image)], to: "/v1/vision/custom/table")
      #expect((try limited.json["predictions"] as? [Any])?.count == 1)
      // The format of a profile is that of the response, unless the request has one.
      let table = try await service.post(image, to: "/detect?profile=table")
      #expect(table.status == 200 && table.fields["content-type"]?.hasPrefix("text/csv") == true)
      let json = try await service.post(image, to: "/detect?profile=table&format=json")
      #expect((try json.json["detections"] as? [Any])?.count == 1)
      // An API without profiles does not ignore one.
      #expect(try await service.post(image, to: "/predictions/yolox-nano?profile=door").status == 400)

      let list = try #require(try await service.get("/v1/profiles").json["profiles"] as? [[String: Any]])
      #expect(list.compactMap { $0["name"] as? String } == ["door", "sliced", "table"])
      let parameters = try #require(list[0]["parameters"] as? [String: Any])
      #expect(parameters["score_thresholds"] as? [String: Double] == ["dog": 0.4])

      try Data(#"{"profiles": {"door": {"classes": "car"}}}"#.utf8).write(to: URL(filePath: path))
      try profiles.reload()
      #expect(try labels(try await service.post(image, to: "/detect?profile=door").json).first == "car")
      try Data(#"{"profiles": {"door": {"slices": "0x0"}}}"#.utf8).write(to: URL(filePath: path))
      #expect(throws: ProfilesError.self) { try profiles.reload() }
      #expect(profiles.names == ["door"])
    }
  }

  @Test(
    "a file with an invalid profile is rejected with the reason",
    arguments: [
      ("[]", "object"), (#"{"profiles": 1}"#, "object"),
      (#"{"profiles": {"a": {"port": 1}}}"#, "Unknown parameter 'port'"),
      (#"{"profiles": {"a": {"profile": "a"}}}"#, "'profile'"), (#"{"profiles": {"a/b": {}}}"#, "a/b"),
      (#"{"profiles": {"a": {"slice_overlap": 0.1}}}"#, "slice_overlap"),
    ])
  func invalidProfiles(text: String, reason: String) async throws {
    try await withProfiles(text) { path in
      #expect {
        try Profiles(contentsOfFile: path)
      } throws: { "\($0)".contains(reason) && "\($0)".hasPrefix(path) }
    }
    #expect(throws: ProfilesError.self) { try Profiles(contentsOfFile: "/nowhere") }
  }
}
