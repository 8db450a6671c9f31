import FoundationCompatibility

/// The metrics of a run, one line per epoch, in `metrics.csv` and `metrics.jsonl`.
struct MetricsLog {
  struct Row {
    let epoch: Int
    let losses: Losses
    let learningRate: Double
    let imagesPerSecond: Double
    let ap: Double?

    var fields: [(name: String, value: Double?)] {
      [
        ("epoch", Double(epoch)), ("loss", Double(losses.total)), ("box", Double(losses.box)),
        ("l1", Double(losses.l1)), ("objectness", Double(losses.objectness)),
        ("class", Double(losses.classes)), ("selection", Double(losses.selection)),
        ("foreground_per_object", Double(losses.foregroundPerObject)),
        ("learning_rate", learningRate), ("images_per_second", imagesPerSecond), ("ap", ap),
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
  }

  let folder: String

  func append(_ row: Row) throws(TrainingError) {
    try append(row.csv, to: folder + "/metrics.csv", header: row.header)
    try append(row.json, to: folder + "/metrics.jsonl", header: nil)
  }

  /// The logged rows by epoch; malformed lines are skipped.
  func rows() -> [[String: Double]] {
    content(folder + "/metrics.jsonl").split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode([String: Double].self, from: Data($0))
    }
  }

  /// Removes all lines after the first `epochs`, which a resumed run repeats.
  func truncate(after epochs: Int) throws(TrainingError) {
    for (path, headers) in [("/metrics.csv", 1), ("/metrics.jsonl", 0)] {
      let lines = content(folder + path).split(separator: UInt8(ascii: "\n"))
      guard lines.count > headers + epochs else { continue }
      let kept = lines.prefix(headers + epochs).flatMap { $0 + [UInt8(ascii: "\n")] }
      try writeAtomically(kept, to: folder + path)
    }
  }

  private func append(_ line: String, to path: String, header: String?) throws(TrainingError) {
    var text = content(path)
    if text.isEmpty, let header { text += (header + "\n").utf8 }
    text += (line + "\n").utf8
    try writeAtomically(text, to: path)
  }

  private func content(_ path: String) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: path) ?? Data())
  }
}
