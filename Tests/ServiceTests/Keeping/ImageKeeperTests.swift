import Foundation
import HTTPServer
import Imaging
import Logging
import Service
import TestSupport
import Testing
import Training
import YOLOX

@Suite("Keeping images", .serialized)
struct ImageKeeperTests {
  /// Keeps images with any score, so that the scene's are.
  private func rules(_ adjust: (inout KeepRules) -> Void = { _ in }) -> KeepRules {
    var rules = KeepRules()
    rules.scores = 0.3...1
    adjust(&rules)
    return rules
  }

  private func keeper(
    _ path: String, _ rules: KeepRules, retryDelay: Duration = .seconds(60), log: MemoryLog = MemoryLog()
  ) throws -> ImageKeeper {
    try ImageKeeper(path, rules: rules, retryDelay: retryDelay, logger: log.logger)
  }

  private func metric(_ name: String, _ service: TestService) async throws -> Double? {
    try await service.get("/metrics").body.split(separator: "\n").first { $0.hasPrefix(name + " ") }
      .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
  }

  private func until(_ isTrue: () async throws -> Bool) async throws {
    for _ in 0..<600 {
      if try await isTrue() { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("not within 30 s")
  }

  @Test("images of every API are kept as they were sent, with all detections whatever the request selects")
  func apis() async throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/kept"
    let keeper = try keeper(path, rules())
    let service = try await TestService { $0.keeper = keeper }
    let scene = try ServedScene.current
    let image = try scene.imageBytes
    let base64 = Data(image).base64EncodedString()
    let id = "X-Request-Id: my/request\r\n"
    let first = try await service.post(image, to: "/detect?classes=bicycle&score_threshold=0.9", fields: id)
    #expect(first.fields["x-request-id"] == "my/request")
    #expect(try labels(first.json) == [])
    let responses = [
      try await service.post(form: [("image", "a.jpg", image), ("slices", nil, Array("1x1".utf8))]),
      try await service.post(json: ["images": [base64, base64], "max_detections": 1]),
      try await service.post(form: [("image", "a.jpg", image)], to: "/v1/vision/detection"),
      try await service.post(
        json: ["data": base64, "detect": ["dog": 50]], to: "/doods/detect"),
      try await service.post(
        json: [
          "inputs": [["name": "images", "shape": [1], "datatype": "BYTES", "data": [base64]]]
        ], to: "/v2/models/yolox-nano/infer"),
      try await service.post(image, to: "/predictions/yolox-nano"),
      // Pixels, which are no image file.
      try await service.post(
        json: [
          "inputs": [
            [
              "name": "images", "shape": [1, 2, 2, 3], "datatype": "UINT8",
              "data": [Int](repeating: 0, count: 12),
            ]
          ]
        ], to: "/v2/models/yolox-nano/infer"),
    ]
    #expect(responses.map(\.status) == responses.map { _ in 200 })
    let names = try FileManager.default.contentsOfDirectory(atPath: path + "/yolox-nano/images/default")
    #expect(names.contains { $0.contains("-my_request-") })
    await keeper.close()

    let read = try trainingData(path + "/yolox-nano")
    let model = try TestService.nano()
    #expect(read.issues == [] && read.entries.count == 8 && read.labels == model.labels)
    let expected = scene.detections.filter { $0.score >= 0.3 }
    for entry in read.entries {
      #expect(try [UInt8](Data(contentsOf: URL(filePath: entry.path))) == image)
      #expect(entry.objects.count == expected.count)
      for (object, detection) in zip(entry.objects, expected) {
        #expect(read.labels[object.classIndex] == detection.label)
        let box = [object.x1, object.y1, object.x2, object.y2].map(Double.init)
        #expect(zip(box, detection.box).allSatisfy { abs($0 - $1) < 1 })
      }
    }
  }

  @Test("detections are the same with and without keeping, and nothing of it is in the metrics without")
  func unchanged() async throws {
    let scratch = try ScratchFolder()
    let keeper = try keeper(scratch.path + "/kept", rules { $0.scores = 0.01...1 })
    let keeping = try await TestService { $0.keeper = keeper }
    let plain = try await TestService()
    let image = try ServedScene.current.imageBytes
    for query in ["", "?slices=2x1", "?max_detections=2&class_agnostic=true", "?score_threshold=0.05"] {
      let answers = [
        try await plain.post(image, to: "/detect" + query),
        try await keeping.post(image, to: "/detect" + query),
      ]
      let found = try answers.map { try #require(try $0.json["detections"] as? NSArray) }
      #expect(found[0] == found[1] && found[0].count > 0, "\(query)")
    }
    #expect(try await !plain.get("/metrics").body.contains("yolox_keep"))
    await keeper.close()
    try await until { try await metric("yolox_kept_images", keeping) == 4 }
    #expect(try await metric("yolox_keep_paused", keeping) == 0)
  }

  enum Selection: CaseIterable {
    case score, label, otherLabel, sample, size

    var rules: KeepRules {
      var rules = KeepRules()
      rules.scores = 0.3...1
      switch self {
      case .score: rules.scores = 0.999...1
      case .label: rules.classes = ["dog", "x"]
      case .otherLabel: rules.classes = ["stop sign"]
      case .sample: rules.sampleRate = 0
      case .size: rules.maxBytes = 1000
      }
      return rules
    }
  }

  @Test("the score, the class and the sample rate select", arguments: Selection.allCases)
  func selection(by selection: Selection) async throws {
    let count = selection == .label ? 1 : 0
    let scratch = try ScratchFolder()
    let keeper = try keeper(scratch.path + "/kept", selection.rules)
    let service = try await TestService { $0.keeper = keeper }
    #expect(try await service.post(try ServedScene.current.imageBytes).status == 200)
    await keeper.close()
    #expect(try await metric("yolox_kept_images", service) == Double(count))
    let tooLarge = try await metric("yolox_keep_dropped_total{reason=\"too_large\"}", service)
    #expect(tooLarge == (keeper.rules.maxBytes == 1000 ? 1 : 0))
    guard keeper.rules.classes.contains("x") else { return }
    let warnings = service.log.lines.filter { $0.message.contains("--keep-classes") }
    #expect(warnings.compactMap { $0.text("missing") } == ["x"])
  }

  @Test("no request waits for the disk: what does not fit into the queue is dropped and counted")
  func bounds() async throws {
    let scratch = try ScratchFolder()
    let keeper = try ImageKeeper(
      scratch.path + "/kept", rules: rules(), maxWaitingBytes: 1, logger: MemoryLog().logger)
    let service = try await TestService { $0.keeper = keeper }
    let model = try TestService.nano()
    let detection = Detection(classID: 0, score: 0.5, box: Box(x1: 0, y1: 0, x2: 9, y2: 9))
    let image = try ServedScene.current.imageBytes
    for _ in 0..<500 {
      keeper.offer(image, width: 10, height: 10, [detection], of: model, requestID: "a")
    }
    await keeper.close()
    let kept = try #require(try await metric("yolox_kept_images", service))
    let dropped = try #require(try await metric("yolox_keep_dropped_total{reason=\"queue_full\"}", service))
    #expect(kept >= 1 && kept + dropped == 500)
    // After the end nothing is taken.
    keeper.offer(image, width: 10, height: 10, [detection], of: model, requestID: "a")
    try await until { try await metric("yolox_keep_dropped_total{reason=\"unwritable\"}", service) == 1 }
  }

  @Test("a folder that cannot be written stops keeping for a while, with one line, and no request")
  func unwritable() async throws {
    let scratch = try ScratchFolder()
    let (path, log) = (scratch.path + "/kept", MemoryLog())
    let keeper = try keeper(path, rules(), retryDelay: .milliseconds(300), log: log)
    let service = try await TestService { $0.keeper = keeper }
    let image = try ServedScene.current.imageBytes
    #expect(try await service.post(image).status == 200)
    try await until { try await metric("yolox_kept_images", service) == 1 }
    // The folder goes, and a file is in its place.
    try FileManager.default.removeItem(atPath: path)
    try Data().write(to: URL(filePath: path))
    for _ in 0..<3 { #expect(try await service.post(image).status == 200) }
    try await until { try await metric("yolox_keep_paused", service) == 1 }
    try await Task.sleep(for: .seconds(1))
    #expect(try await service.post(image).status == 200)
    let warnings = log.lines.filter { $0.message.contains("not kept until") }
    #expect(warnings.count == 1)
    #expect(try #require(try await metric("yolox_keep_dropped_total{reason=\"unwritable\"}", service)) >= 2)
    // It comes back.
    try FileManager.default.removeItem(atPath: path)
    try await until { try await metric("yolox_keep_paused", service) == 0 }
    #expect(try await service.post(image).status == 200)
    await keeper.close()
    #expect(try trainingData(path + "/yolox-nano").entries.count == 1)
    #expect(log.lines.contains { $0.message == "images are kept again" })
  }
}
