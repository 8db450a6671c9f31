/// The lines of a run on the console: aligned columns under a header that is repeated every page.
struct ProgressTable {
  private static let columns = [
    ("epoch", 9), ("done", 6), ("loss", 9), ("box", 8), ("obj", 8), ("class", 8), ("l1", 8), ("lr", 10),
    ("images/s", 10), ("left", 10), ("AP", 8),
  ]
  private static let page = 40

  private var lines = 0

  static var header: String { row(columns.map(\.0)) }

  /// - Parameters:
  ///   - fraction: completed fraction of the epoch.
  ///   - secondsLeft: estimate for the rest of the run.
  /// - Returns: the line, after the header if it is due.
  mutating func lines(
    _ row: MetricsLog.Row, of epochs: Int, fraction: Double, secondsLeft: Double
  ) -> [String] {
    defer { lines += 1 }
    let losses = row.losses
    let line = ProgressTable.row([
      "\(row.epoch)/\(epochs)", "\(Int(fraction * 100))%", ProgressTable.fixed(losses.total),
      ProgressTable.fixed(losses.box), ProgressTable.fixed(losses.objectness),
      ProgressTable.fixed(losses.classes), ProgressTable.fixed(losses.l1),
      ProgressTable.significant(row.learningRate), ProgressTable.significant(row.imagesPerSecond),
      Clock.text(secondsLeft), row.ap.map { ProgressTable.fixed(Float($0)) } ?? "",
    ])
    return lines % ProgressTable.page == 0 ? [ProgressTable.header, line] : [line]
  }

  private static func row(_ cells: [String]) -> String {
    let text = zip(columns, cells).map { column, cell in
      String(repeating: " ", count: max(1, column.1 - cell.count)) + cell
    }.joined()
    return String(text.reversed().drop { $0 == " " }.reversed())
  }

  /// With three decimals.
  private static func fixed(_ value: Float) -> String {
    guard value.isFinite, abs(value) < 1e6 else { return "\(value)" }
    let thousandths = Int((abs(value) * 1000).rounded())
    let decimals = "\(thousandths % 1000)"
    return (value < 0 && thousandths > 0 ? "-" : "") + "\(thousandths / 1000)."
      + String(repeating: "0", count: 3 - decimals.count) + decimals
  }

  /// With three significant digits.
  private static func significant(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    var scale = 1.0
    while abs(value) * scale < 100, scale < 1e12 { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    return rounded == rounded.rounded() && abs(rounded) < 1e9 ? "\(Int(rounded))" : "\(Float(rounded))"
  }
}
