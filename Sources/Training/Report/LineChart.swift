/// A line chart as self-contained SVG with axes, grid lines at round numbers and a legend.
struct LineChart {
  struct Series {
    let name: String
    /// Sorted by x.
    let points: [(x: Double, y: Double)]
  }

  let title: String
  let xLabel: String
  let series: [Series]
  /// `nil` for 0 to the first round number that is not below the largest value.
  var yRange: ClosedRange<Double>?

  private static let colors = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a"]
  private static let (width, height) = (460.0, 260.0)
  /// The plot area within the chart.
  private static let (left, right, top, bottom) = (52.0, 446.0, 30.0, 202.0)

  var svg: String {
    let points = series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    guard let low = points.map(\.x).min(), let high = points.map(\.x).max(),
      let largest = points.map(\.y).max()
    else { return "" }
    let isWhole = points.allSatisfy { $0.x == $0.x.rounded() }
    let x = AxisTicks(low...max(high, low), isWhole: isWhole)
    let y = AxisTicks(yRange ?? 0...max(largest, 1e-9), isWhole: false)
    let yRange = yRange ?? 0...y.end
    func horizontal(_ value: Double) -> Double {
      LineChart.left + (high > low ? (value - low) / (high - low) : 0.5) * (LineChart.right - LineChart.left)
    }
    func vertical(_ value: Double) -> Double {
      let share = (value - yRange.lowerBound) / (yRange.upperBound - yRange.lowerBound)
      return LineChart.bottom - share * (LineChart.bottom - LineChart.top)
    }
    let (left, right) = (short(LineChart.left), short(LineChart.right))
    let (top, bottom) = (short(LineChart.top), short(LineChart.bottom))
    var text = """
      <svg viewBox="0 0 \(short(LineChart.width)) \(short(LineChart.height))" role="img" aria-label="\(html(title))">
      <text x="\(left)" y="18" font-weight="bold">\(html(title))</text>

      """
    for tick in y.values where yRange.contains(tick) {
      let place = vertical(tick)
      text += """
        <path d="M\(left) \(short(place))H\(right)" stroke="#ddd"/>
        <text x="\(short(LineChart.left - 6))" y="\(short(place + 4))" text-anchor="end">\(number(tick))</text>

        """
    }
    for tick in x.values {
      let place = short(horizontal(tick))
      text += """
        <path d="M\(place) \(bottom)v4" stroke="#888"/>
        <text x="\(place)" y="\(short(LineChart.bottom + 17))" text-anchor="middle">\(number(tick))</text>

        """
    }
    text += """
      <path d="M\(left) \(top)V\(bottom)H\(right)" fill="none" stroke="#888"/>
      <text x="\(right)" y="\(short(LineChart.bottom + 33))" text-anchor="end">\(html(xLabel))</text>

      """
    for (index, line) in series.enumerated() where !line.points.isEmpty {
      let color = LineChart.colors[index % LineChart.colors.count]
      let path = line.points.filter { $0.x.isFinite && $0.y.isFinite }
        .map { "\(short(horizontal($0.x))),\(short(vertical($0.y)))" }.joined(separator: " ")
      text += "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\"/>\n"
      text +=
        "<text x=\"\(short(LineChart.left + Double(index) * 80))\" y=\"\(short(LineChart.height - 6))\" fill=\"\(color)\">\(html(line.name))</text>\n"
    }
    return text + "</svg>\n"
  }

  private func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

/// Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten, about five of them.
package struct AxisTicks {
  /// Within the range.
  package let values: [Double]
  /// The first multiple that is not below the range's end.
  package let end: Double

  /// - Parameter isWhole: whether only whole numbers make sense.
  package init(_ range: ClosedRange<Double>, isWhole: Bool) {
    let wanted = max((range.upperBound - range.lowerBound) / 5, 1e-12)
    var power = 1.0
    while power > wanted { power /= 10 }
    while power * 10 <= wanted { power *= 10 }
    var step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= wanted } ?? 10 * power
    if isWhole { step = max(step, 1) }
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    values = last >= first ? (0...Int(min(last - first, 100))).map { (first + Double($0)) * step } : []
    end = (range.upperBound / step - 1e-9).rounded(.up) * step
  }
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
