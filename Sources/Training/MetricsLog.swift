#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A run's numbers, a line for each epoch, in `metrics.csv` and `metrics.jsonl`.
struct MetricsLog {
  struct Row {
    let epoch: Int
    let losses: Losses
    let rate: Double
    let imagesPerSecond: Double
    let ap: Double?

    var fields: [(name: String, value: Double?)] {
      [
        ("epoch", Double(epoch)), ("loss", Double(losses.total)), ("box", Double(losses.box)),
        ("l1", Double(losses.l1)), ("objectness", Double(losses.objectness)),
        ("class", Double(losses.classes)), ("selection", Double(losses.selection)),
        ("foreground_per_object", Double(losses.foregroundPerObject)),
        ("rate", rate), ("images_per_second", imagesPerSecond), ("ap", ap),
      ]
    }

    var header: String { fields.map(\.name).joined(separator: ",") }
    var csv: String { fields.map { $0.value.map { "\($0)" } ?? "" }.joined(separator: ",") }
    var json: String {
      "{"
        + fields.compactMap { field in field.value.map { "\"\(field.name)\": \($0)" } }.joined(
          separator: ", ")
        + "}"
    }

    /// For people.
    func line(of epochs: Int, secondsLeft: Double) -> String {
      let parts = [
        "epoch \(epoch)/\(epochs)", "loss \(rounded(losses.total))", "box \(rounded(losses.box))",
        "obj \(rounded(losses.objectness))", "class \(rounded(losses.classes))", "l1 \(rounded(losses.l1))",
        "lr \(Float(rate))", "\(rounded(Float(imagesPerSecond))) images/s", "\(Int(secondsLeft)) s left",
      ]
      return parts.joined(separator: "  ") + (ap.map { "  AP \(rounded(Float($0)))" } ?? "")
    }

    private func rounded(_ value: Float) -> Float { (value * 1000).rounded() / 1000 }
  }

  let folder: String

  func append(_ row: Row) throws(TrainingError) {
    try append(row.csv, to: folder + "/metrics.csv", header: row.header)
    try append(row.json, to: folder + "/metrics.jsonl", header: nil)
  }

  /// What was logged, by epoch; lines that are none are passed over.
  func rows() -> [[String: Double]] {
    let data = FileManager.default.contents(atPath: folder + "/metrics.jsonl") ?? Data()
    return data.split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode([String: Double].self, from: Data($0))
    }
  }

  private func append(_ line: String, to path: String, header: String?) throws(TrainingError) {
    do {
      let url = URL(filePath: path)
      var text = FileManager.default.fileExists(atPath: path) ? try Data(contentsOf: url) : Data()
      if text.isEmpty, let header { text.append(contentsOf: (header + "\n").utf8) }
      text.append(contentsOf: (line + "\n").utf8)
      try text.write(to: url, options: .atomic)
    } catch {
      throw .unwritable(path: path, reason: "cannot be written")
    }
  }
}

extension Losses {
  mutating func add(_ other: Losses) {
    box += other.box
    l1 += other.l1
    objectness += other.objectness
    classes += other.classes
    selection += other.selection
    foregroundPerObject += other.foregroundPerObject
  }

  func divided(by count: Float) -> Losses {
    var result = self
    result.box /= count
    result.l1 /= count
    result.objectness /= count
    result.classes /= count
    result.selection /= count
    result.foregroundPerObject /= count
    return result
  }
}
