/// A line chart as self-contained SVG with axes, end values and a legend.
struct LineChart {
  struct Series {
    let name: String
    /// Sorted by x.
    let points: [(x: Double, y: Double)]
  }

  let title: String
  let xLabel: String
  let series: [Series]
  /// `nil` for 0 to the largest value.
  var yRange: ClosedRange<Double>?

  private static let colors = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a"]
  private static let (width, height, margin) = (460.0, 240.0, 36.0)

  var svg: String {
    let points = series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    guard let low = points.map(\.x).min(), let high = points.map(\.x).max(), let top = points.map(\.y).max()
    else { return "" }
    let y = yRange ?? 0...max(top, 1e-9)
    let (width, height, margin) = (LineChart.width, LineChart.height, LineChart.margin)
    func place(_ point: (x: Double, y: Double)) -> String {
      let u = high > low ? (point.x - low) / (high - low) : 0.5
      let v = (point.y - y.lowerBound) / (y.upperBound - y.lowerBound)
      return
        "\(short(margin + u * (width - 2 * margin))),\(short(height - margin - v * (height - 2 * margin)))"
    }
    var text = """
      <svg viewBox="0 0 \(short(width)) \(short(height))" role="img" aria-label="\(html(title))">
      <text x="\(short(margin))" y="18" font-weight="bold">\(html(title))</text>
      <path d="M\(short(margin)) \(short(margin))V\(short(height - margin))H\(short(width - margin))" fill="none" stroke="#888"/>
      <text x="\(short(margin - 4))" y="\(short(margin + 4))" text-anchor="end">\(number(y.upperBound))</text>
      <text x="\(short(margin - 4))" y="\(short(height - margin))" text-anchor="end">\(number(y.lowerBound))</text>
      <text x="\(short(margin))" y="\(short(height - 20))">\(number(low))</text>
      <text x="\(short(width - margin))" y="\(short(height - 20))" text-anchor="end">\(number(high))</text>
      <text x="\(short(width / 2))" y="\(short(height - 20))" text-anchor="middle">\(html(xLabel))</text>

      """
    for (index, line) in series.enumerated() where !line.points.isEmpty {
      let color = LineChart.colors[index % LineChart.colors.count]
      let path = line.points.filter { $0.x.isFinite && $0.y.isFinite }.map(place).joined(separator: " ")
      text += "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\"/>\n"
      text +=
        "<text x=\"\(short(margin + Double(index) * 84))\" y=\"\(short(height - 4))\" fill=\"\(color)\">\(html(line.name))</text>\n"
    }
    return text + "</svg>\n"
  }

  private func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

/// Formats with three significant digits, two decimals for larger numbers.
func number(_ value: Double) -> String {
  guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
  var scale = 100.0
  while abs(value) * scale < 100, scale < 1e9 { scale *= 10 }
  let rounded = (value * scale).rounded() / scale
  return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
}

/// Escapes `text` for HTML.
func html(_ text: String) -> String {
  text.reduce(into: "") { result, character in
    switch character {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    default: result.append(character)
    }
  }
}
