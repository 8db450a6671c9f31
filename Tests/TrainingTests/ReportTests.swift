import COCO
import Foundation
import Imaging
import Testing
import Training
import YOLOX

@Suite("Report")
struct ReportTests {
  private func object(_ x: Float, _ classIndex: Int) -> Sample.Object {
    Sample.Object(x1: x, y1: 0, x2: x + 10, y2: 10, classIndex: classIndex)
  }

  private func detection(_ x: Float, _ classID: Int, _ score: Float) -> Detection {
    Detection(classID: classID, score: score, box: Box(x1: x, y1: 0, x2: x + 10, y2: 10))
  }

  @Test("detections are correct, misclassified or false positives; unmatched objects are false negatives")
  func matching() {
    let matching = DetectionMatching(
      objects: [object(0, 0), object(20, 1), object(40, 2), object(60, 1)],
      detections: [
        // The second finds the object taken, the last is below the threshold.
        detection(1, 0, 0.9), detection(0, 0, 0.8), detection(20, 2, 0.7), detection(80, 1, 0.6),
        detection(60, 1, 0.1),
      ])
    #expect(matching.matches.map(\.detection.score) == [0.9, 0.7])
    #expect(matching.misclassified.map(\.detection.score) == [0.7])
    #expect(matching.falsePositives.map(\.score) == [0.8, 0.6])
    #expect(matching.falseNegatives.map(\.x1) == [40, 60])
    #expect(abs(matching.errorScore - (2 + 0.8 + 0.6 + 0.7)) < 1e-5)

    let matrix = ConfusionMatrix([matching], classCount: 3)
    #expect(matrix.counts == [[1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 0, 0]])
  }

  @Test("an object is given to the detection of its own class, not to the one that covers it better")
  func sameClassFirst() {
    let matching = DetectionMatching(
      objects: [object(0, 0), object(1, 1)], detections: [detection(0, 1, 0.9)])
    #expect(matching.matches.map(\.object.classIndex) == [1])
  }

  @Test("the score threshold of a class is where the mean of precision and recall, F1, is best")
  func thresholds() throws {
    let annotations = Annotations(
      images: [.init(id: 1, fileName: "a", width: 99, height: 99)], categories: [.init(id: 1, name: "a")],
      objects: [
        .init(id: 1, imageID: 1, categoryID: 1, box: [0, 0, 10, 10]),
        .init(id: 2, imageID: 1, categoryID: 1, box: [50, 50, 10, 10]),
      ])
    func record(_ x: Double, _ score: Double) -> DetectionRecord {
      DetectionRecord(imageID: 1, categoryID: 1, box: [x, x, 10, 10], score: score)
    }
    // Right, wrong, right, wrong, wrong: F1 is 2/3 after the first, 1/2, 4/5, 2/3, and 4/7 after the fifth.
    let curves = Evaluator(
      annotations: annotations,
      results: [record(0, 0.9), record(25, 0.8), record(50, 0.7), record(75, 0.2), record(76, 0.1)]
    ).accumulated()
    let result = try #require(ScoreThresholds(curves))
    #expect(result.threshold == 0.7)
    #expect(abs(result.classes[0].f1 - 0.8) < 1e-9 && result.classes[0].recall == 1)
    #expect(ScoreThresholds(Evaluator(annotations: annotations, results: []).accumulated()) == nil)
  }

  @Test("names from outside are text in the page, not markup")
  func escapes() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var report = RunReport(title: "<script>")
    report.addCurves([["epoch": 1, "loss": 3], ["epoch": 2, "loss": 1, "ap": 0.5]])
    report.addConfusion(
      ConfusionMatrix([DetectionMatching(objects: [object(0, 0)], detections: [])], classCount: 1),
      labels: ["<b>&"])
    try report.addErrors([CaptionedImage(image: Image(width: 8, height: 8), name: "<i>", caption: "")])
    try report.write(to: folder + "/report.html")
    let page = try String(contentsOfFile: folder + "/report.html", encoding: .utf8)
    for markup in ["<script>", "<b>", "<i>"] { #expect(!page.contains(markup), "\(markup)") }
    #expect(page.contains("&lt;b&gt;&amp;"))
    // 3 is at the top of the plot, 1 a third of its height above the axis.
    #expect(page.contains("<polyline points=\"52.0,30.0 446.0,144.7\""))
  }

  @Test("the settings are a table, and the error kinds have a key with their colours")
  func settings() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var report = RunReport(title: "run")
    var options = TrainingOptions(variant: .tiny, epochs: 12, batchSize: 16, threads: 2)
    options.peakLearningRate = 0.004
    report.addSettings(options)
    try report.addErrors([CaptionedImage(image: Image(width: 8, height: 8), name: "a", caption: "b")])
    try report.write(to: folder + "/report.html")
    let page = try String(contentsOfFile: folder + "/report.html", encoding: .utf8)
    for row in ["<th>model<td>yolox-tiny", "<th>learning-rate<td>0.004", "<th>epochs<td>12"] {
      #expect(page.contains(row), "\(row)")
    }
    for color in ["#febf12", "#fc444a", "#a361fb"] { #expect(page.contains(color), "\(color)") }
  }

  @Test(
    "axes have round numbers",
    arguments: [
      (0.0...0.7, false, [0, 0.2, 0.4, 0.6], 0.8), (1...30, true, [10, 20, 30], 30),
      (1...3, true, [1, 2, 3], 3), (0...0.00125, false, [0, 0.0005, 0.001], 0.0015), (4...4, true, [4], 4),
    ] as [(ClosedRange<Double>, Bool, [Double], Double)])
  func ticks(_ range: ClosedRange<Double>, _ isWhole: Bool, _ values: [Double], _ end: Double) {
    let ticks = AxisTicks(range, isWhole: isWhole)
    #expect(ticks.values.count == values.count)
    for (found, expected) in zip(ticks.values, values) { #expect(abs(found - expected) < 1e-9) }
    #expect(abs(ticks.end - end) < 1e-9)
  }
}
