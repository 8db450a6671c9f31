import COCO
import Foundation
import TestSupport
import Testing

@Suite("Evaluator", .computing)
struct EvaluatorTests {
  /// Made-up scenes and what pycocotools says about them: Tests/Fixtures/COCO/make.py.
  private struct Scene: Decodable {
    let annotations: Annotations
    let results: [DetectionRecord]
    let stats: [Double]
    /// [class, area range, threshold]
    let ap: [[[Double]]]
    /// [class, area range, limit, threshold]
    let recall: [[[[Double]]]]
    /// [class, recall], IoU 0.5
    let precision: [[Double]]
    let scores: [[Double]]

    static let names =
      (1...6).map { "scenes-\($0)" } + [
        "integers", "crowded", "exact-limits", "crowds-only", "no-results", "no-objects",
      ]

    init(_ name: String) throws {
      let url = SharedData.projectRoot.appending(path: "Tests/Fixtures/COCO/\(name).json")
      self = try JSONDecoder().decode(Scene.self, from: Data(contentsOf: url))
    }
  }

  @Test("gives pycocotools' twelve numbers for made-up scenes", arguments: Scene.names)
  func stats(name: String) throws {
    let scene = try Scene(name)
    let summary = Evaluator(annotations: scene.annotations, results: scene.results).summary()
    #expect(scene.stats.count == 12)
    for (line, expected) in zip(summary.lines, scene.stats) {
      #expect(abs(line.value - expected) < 1e-10, "\(line.label) is \(line.value) instead of \(expected)")
    }
  }

  @Test("gives pycocotools' precision and recall of each class, area and threshold", arguments: Scene.names)
  func curves(name: String) throws {
    let scene = try Scene(name)
    let accumulation = Evaluator(annotations: scene.annotations, results: scene.results).accumulated()
    let summary = Summary(accumulation)
    #expect(accumulation.categoryIDs.count == scene.ap.count)
    for index in accumulation.categoryIDs.indices {
      for area in Evaluator.AreaRange.allCases {
        let (ap, recall) = (scene.ap[index][area.rawValue], scene.recall[index][area.rawValue])
        guard let cell = accumulation[index, area] else {
          #expect(ap.allSatisfy { $0 == -1 } && recall.joined().allSatisfy { $0 == -1 })
          continue
        }
        let ours = cell.curves.map { $0.precision.reduce(0, +) / 101 }
        expectNear(ours, ap, "\(name), class \(index), \(area): AP")
        expectNear(
          Array(cell.recalls.joined()), Array(recall.joined()), "\(name), class \(index), \(area): recall")
      }
      let all = accumulation[index, .all]
      expectNear(
        all?.curves[0].precision ?? Array(repeating: -1, count: 101), scene.precision[index], "precision")
      expectNear(all?.curves[0].scores ?? Array(repeating: -1, count: 101), scene.scores[index], "scores")
      expectNear(
        [summary.perClass[index].ap, summary.perClass[index].ap50, summary.perClass[index].ar100],
        [mean(scene.ap[index][0]), scene.ap[index][0][0], mean(scene.recall[index][0][2])], "per class")
    }
  }

  @Test("finds the fixtures as varied as they are meant to be")
  func coverage() throws {
    let scenes = try Scene.names.map { try Scene($0) }
    #expect(scenes.contains { $0.annotations.objects.contains(where: \.isCrowd) })
    #expect(scenes.contains { $0.ap.contains { $0.joined().allSatisfy { $0 == -1 } } })
    #expect(
      scenes.contains { Set($0.annotations.objects.map(\.imageID)).count < $0.annotations.images.count })
    #expect(scenes.contains { Set($0.results.map(\.score)).count < $0.results.count })
    #expect(
      scenes.contains {
        Dictionary(grouping: $0.results) { [$0.imageID, $0.categoryID] }.values.contains { $0.count > 100 }
      })
  }

  @Test("has numpy's thresholds to the last bit")
  func thresholds() {
    // numpy.linspace(.5, .95, 10) and some of numpy.linspace(0, 1, 101).
    #expect(
      Evaluator.thresholds == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95])
    #expect(Evaluator.recalls.count == 101 && Evaluator.recalls[100] == 1)
    #expect(Evaluator.recalls[35] == 0.35000000000000003 && Evaluator.recalls[95] == 0.9500000000000001)
  }

  @Test("the order of the files does not matter where scores differ")
  func order() throws {
    let scene = try Scene("scenes-1")
    var random = SplitMix64(seed: 4)
    let distinct = scene.results.enumerated().map { index, result in
      DetectionRecord(
        imageID: result.imageID, categoryID: result.categoryID, box: result.box,
        score: result.score + Double(index) * 1e-6)
    }
    let expected = Evaluator(annotations: scene.annotations, results: distinct).summary()
    let shuffled = Annotations(
      images: scene.annotations.images.shuffled(using: &random),
      categories: scene.annotations.categories.shuffled(using: &random), objects: scene.annotations.objects)
    let ours = Evaluator(annotations: shuffled, results: distinct.shuffled(using: &random)).summary()
    #expect(ours.lines.map(\.value) == expected.lines.map(\.value))
    #expect(ours.perClass.map(\.ap) == expected.perClass.map(\.ap))
  }

  @Test("results for images and categories that are not in the annotations are ignored")
  func strangers() throws {
    let scene = try Scene("integers")
    let strangers = [
      DetectionRecord(
        imageID: -5, categoryID: scene.annotations.categoryIDs[0], box: [0, 0, 9, 9], score: 1),
      DetectionRecord(imageID: scene.annotations.images[0].id, categoryID: 500, box: [0, 0, 9, 9], score: 1),
    ]
    let summary = Evaluator(annotations: scene.annotations, results: scene.results + strangers).summary()
    expectNear(summary.lines.map(\.value), scene.stats, "numbers")
  }

  private struct Golden: Decodable {
    let stats: [String: Double]
    let perClass: [String: Double]

    enum CodingKeys: String, CodingKey {
      case stats
      case perClass = "per_class_AP"
    }
  }

  @Test(
    "gives pycocotools' twelve numbers and per-class AP for a network's results",
    .sharedData("coco/instances_val2017.json"))
  func network() throws {
    let golden = try JSONDecoder().decode(Golden.self, from: Fixture.data("Golden/coco_stats.json"))
    let summary = Evaluator(
      annotations: try Annotations(contentsOf: SharedData.url("coco/instances_val2017.json").path),
      results: try DetectionRecord.read(Fixture.url("Golden/coco_results.json").path)
    ).summary()
    let ours = try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary)) as? [String: Any]
    #expect(golden.stats.count == 12 && golden.perClass.count > 70)
    // The file has six decimals.
    for (name, expected) in golden.stats {
      let value = try #require(ours?[name] as? Double)
      #expect(abs(value - expected) < 6e-7, "\(name) is \(value) instead of \(expected)")
    }
    for (name, expected) in golden.perClass {
      let value = try #require(summary.perClass.first { $0.name == name }).ap
      #expect(abs(value - expected) < 6e-7, "AP of \(name) is \(value) instead of \(expected)")
    }
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// The fixtures have twelve digits.
  private func expectNear(
    _ actual: [Double], _ expected: [Double], _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(actual.count == expected.count, "\(what)", sourceLocation: sourceLocation)
    for (index, pair) in zip(actual, expected).enumerated() where !(abs(pair.0 - pair.1) < 1e-10) {
      Issue.record(
        "\(what)[\(index)] is \(pair.0) instead of \(pair.1)", sourceLocation: sourceLocation)
      return
    }
  }
}
