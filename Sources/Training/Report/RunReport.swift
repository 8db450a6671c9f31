import COCO
import Engine
import FoundationCompatibility
import Imaging
import YOLOX

/// The report of a run as one HTML page without scripts or links: metric curves, precision-recall curves, confusion matrix,
/// the images with the worst errors, labels to check and the run's settings.
package struct RunReport {
  private let title: String
  private var sections: [String] = []

  package init(title: String) { self.title = title }

  /// The logged metrics of a run by epoch.
  package static func curves(folder: String) -> [[String: Double]] { MetricsLog(folder: folder).rows() }

  /// - Parameter rows: the fields of `metrics.jsonl`, by epoch.
  package mutating func addCurves(_ rows: [[String: Double]]) {
    func series(_ name: String, _ field: String) -> LineChart.Series {
      LineChart.Series(
        name: name,
        points: rows.compactMap { row in row["epoch"].flatMap { x in row[field].map { (x, $0) } } })
    }
    let charts = [
      LineChart(
        title: "Losses", xLabel: "epoch",
        series: [
          series("all", "loss"), series("box", "box"), series("objectness", "objectness"),
          series("class", "class"), series("L1", "l1"),
        ]),
      LineChart(title: "AP", xLabel: "epoch", series: [series("AP", "ap")]),
      LineChart(title: "Learning rate", xLabel: "epoch", series: [series("learning rate", "learning_rate")]),
    ]
    section("Curves", "<div class=charts>" + charts.map(\.svg).joined() + "</div>")
  }

  /// Precision-recall curves, averaged over the classes that occur, and the metrics of each class.
  package mutating func addPrecision(_ accumulation: PrecisionRecall) {
    let cells = accumulation.labels.indices.compactMap { accumulation[$0, .all] }
    guard !cells.isEmpty else { return }
    func curve(_ name: String, _ threshold: Int) -> LineChart.Series {
      LineChart.Series(
        name: name,
        points: Evaluator.recalls.indices.map { place in
          let sum = cells.reduce(0) { $0 + $1.curves[threshold].precision[place] }
          return (Evaluator.recalls[place], sum / Double(cells.count))
        })
    }
    let chart = LineChart(
      title: "Precision-recall, mean of \(cells.count) classes", xLabel: "recall",
      series: [curve("IoU 0.50", 0), curve("IoU 0.75", 5), curve("IoU 0.90", 8)], yRange: 0...1)
    let summary = Summary(accumulation)
    let classes = summary.perClass.filter { $0.objectCount > 0 }.sorted { $0.ap > $1.ap }
    let rows = classes.map {
      "<tr><td>\(html($0.name))<td>\($0.objectCount)<td>\(number($0.ap))<td>\(number($0.ap50))<td>\(number($0.ar100))\n"
    }
    section(
      "Precision",
      "<p>AP \(number(summary.ap)), AP50 \(number(summary.ap50)), AP75 \(number(summary.ap75))</p>\n"
        + "<div class=charts>\(chart.svg)</div>\n<details><summary>Classes</summary><table>"
        + "<tr><th>class<th>objects<th>AP<th>AP50<th>AR100\n" + rows.joined() + "</table></details>")
  }

  package mutating func addConfusion(_ matrix: ConfusionMatrix, labels: [String]) {
    let names = labels + ["background"]
    let shown = names.indices.filter { index in
      matrix.counts[index].contains { $0 > 0 } || matrix.counts.contains { $0[index] > 0 }
    }
    let head = shown.map { "<th class=up>\(html(names[$0]))" }.joined()
    let rows = shown.map { truth in
      let total = matrix.counts[truth].reduce(0, +)
      let cells = shown.map { prediction -> String in
        let count = matrix.counts[truth][prediction]
        guard count > 0 else { return "<td>" }
        let share = 0.15 + 0.85 * Double(count) / Double(max(total, 1))
        let color = truth == prediction ? "26,127,55" : "209,36,47"
        return "<td style=\"background:rgba(\(color),\(number(share)))\">\(count)"
      }
      return "<tr><th>\(html(names[truth]))\(cells.joined())\n"
    }
    section(
      "Confusion matrix",
      "<p>Rows: true class. Columns: predicted class. Score at least \(DetectionMatching.scoreThreshold), IoU at least \(DetectionMatching.iouThreshold).</p>"
        + "<table class=confusion><tr><th>\(head)\n\(rows.joined())</table>")
  }

  package mutating func addErrors(_ images: [CaptionedImage]) throws {
    try addFigures(
      "Worst images",
      [(.missed, "missed"), (.falsePositive, "false positive"), (.misclassified, "misclassified")],
      images)
  }

  /// - Parameter images: with the findings of a ``LabelAudit``.
  package mutating func addAudit(_ images: [CaptionedImage]) throws {
    try addFigures(
      "Labels to check",
      [
        (.missed, "label"), (.falsePositive, "detected, not labelled"),
        (.misclassified, "detected with another class or box"),
      ], images)
  }

  private mutating func addFigures(
    _ title: String, _ legend: [(kind: ErrorKind, text: String)], _ images: [CaptionedImage]
  ) throws {
    guard !images.isEmpty else { return }
    let keys = legend.map { "<span class=key style=\"background:\($0.kind.hex)\"></span>\($0.text) " }
      .joined()
    let figures = try images.map { image in
      let caption = html("\(image.name): \(image.caption)")
      let bytes = Data(try image.image.encoded(as: .jpeg, quality: 80)).base64EncodedString()
      return
        "<figure><img alt=\"\(caption)\" src=\"data:image/jpeg;base64,\(bytes)\"><figcaption>\(caption)</figcaption></figure>\n"
    }
    section(title, "<p>\(keys)</p>\n<div class=images>\(figures.joined())</div>")
  }

  /// The options that the run was started with.
  package mutating func addSettings(_ options: TrainingOptions) {
    let rows = options.settings.map { "<tr><th>\(html($0.name))<td>\(html($0.value))\n" }
    section("Settings", "<table class=settings>\(rows.joined())</table>")
  }

  package func write(to path: String) throws(TrainingError) {
    let page = """
      <!doctype html>
      <html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
      <title>\(html(title))</title>
      <style>
      body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
      .charts, .images { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1rem }
      svg { width: 100% } svg text { font-size: 11px }
      figure { margin: 0 } img { width: 100% } figcaption { font-size: 13px }
      table { border-collapse: collapse } td, th { padding: 2px 6px; text-align: right; font-weight: normal }
      .settings th, .settings td { text-align: left }
      .key { display: inline-block; width: 1em; height: 1em; margin: 0 .3em -.1em 0 }
      th.up { writing-mode: vertical-rl; transform: rotate(180deg) } .confusion { font-size: 12px }
      </style>
      <h1>\(html(title))</h1>
      \(sections.joined(separator: "\n"))
      </html>

      """
    try writeAtomically(Array(page.utf8), to: path)
  }

  private mutating func section(_ name: String, _ content: String) {
    sections.append("<h2>\(html(name))</h2>\n\(content)")
  }
}
