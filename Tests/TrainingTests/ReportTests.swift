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
    try report.addErrors([(Image(width: 8, height: 8), "<i>")])
    try report.write(to: folder + "/report.html")
    let page = try String(contentsOfFile: folder + "/report.html", encoding: .utf8)
    for markup in ["<script>", "<b>", "<i>"] { #expect(!page.contains(markup), "\(markup)") }
    #expect(page.contains("&lt;b&gt;&amp;"))
    #expect(page.contains("<polyline points=\"36.0,36.0 424.0,148.0\""))
  }
}
