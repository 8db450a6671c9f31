/// Finds how much of each pixel a path covers: exactly, from signed areas that each edge leaves at its pixels and that
/// are then summed up along the rows (Levien, "font-rs", 2016; Smith, "stb_truetype", 2015).
package struct Rasterizer {
  /// The pixels that the path can reach.
  package let columns: Range<Int>
  package let rows: Range<Int>
  private let stride: Int
  private var areas: [Float]

  /// - Parameters:
  ///   - path: in pixels; a pixel's corners are whole numbers.
  ///   - width, height: of the image, outside of which nothing is kept.
  package init(_ path: Path, width: Int, height: Int) {
    let bounds = path.bounds
    func range(_ low: Float, _ high: Float, _ limit: Int) -> Range<Int> {
      guard low < high, low < Float(limit), high > 0 else { return 0..<0 }
      return Int(max(0, low.rounded(.down)))..<Int(min(Float(limit), high.rounded(.up)))
    }
    columns = range(bounds.left, bounds.right, width)
    rows = range(bounds.top, bounds.bottom, height)
    // An edge at the right border leaves its second share one column further.
    stride = columns.count + 2
    areas = Array(repeating: 0, count: stride * rows.count)
    guard !columns.isEmpty, !rows.isEmpty else { return }
    let origin = Point(Float(columns.lowerBound), Float(rows.lowerBound))
    for outline in path.outlines {
      guard var last = outline.last else { continue }
      for point in outline {
        addClipped(last - origin, point - origin)
        last = point
      }
    }
  }

  /// Calls `body` with each pixel that is covered and its share, 0...1.
  package func forEachPixel(_ body: (_ x: Int, _ y: Int, _ coverage: Float) -> Void) {
    for row in 0..<rows.count {
      var sum: Float = 0
      for column in 0..<columns.count {
        sum += areas[row * stride + column]
        let coverage = min(abs(sum), 1)
        // What rounding leaves behind the last edge is no coverage.
        if coverage > 1e-4 { body(columns.lowerBound + column, rows.lowerBound + row, coverage) }
      }
    }
  }

  /// Parts of the edge beyond the left or right border run along it instead: what lies inside stays as it is.
  private mutating func addClipped(_ from: Point, _ to: Point) {
    let right = Float(columns.count)
    var cuts: [Float] = [0, 1]
    for border in [0, right] where (from.x < border) != (to.x < border) {
      cuts.append((border - from.x) / (to.x - from.x))
    }
    cuts.sort()
    func at(_ share: Float) -> Point {
      share == 0 ? from : share == 1 ? to : from + (to - from) * share
    }
    for (first, second) in zip(cuts, cuts.dropFirst()) {
      let (a, b) = (at(first), at(second))
      add(Point(min(max(a.x, 0), right), a.y), Point(min(max(b.x, 0), right), b.y))
    }
  }

  private mutating func add(_ from: Point, _ to: Point) {
    guard from.y != to.y else { return }
    let direction: Float = from.y < to.y ? 1 : -1
    let (upper, lower) = from.y < to.y ? (from, to) : (to, from)
    let slope = (lower.x - upper.x) / (lower.y - upper.y)
    let right = Float(columns.count)
    let firstRow = max(0, Int(upper.y.rounded(.down)))
    let endRow = min(rows.count, Int(lower.y.rounded(.up)))
    guard firstRow < endRow else { return }
    for row in firstRow..<endRow {
      let (top, bottom) = (max(Float(row), upper.y), min(Float(row + 1), lower.y))
      guard top < bottom else { continue }
      func x(_ y: Float) -> Float { min(max(upper.x + (y - upper.y) * slope, 0), right) }
      add(row: row, height: (bottom - top) * direction, from: x(top), to: x(bottom))
    }
  }

  /// - Parameter height: of the edge within the row, negative where it runs upwards.
  private mutating func add(row: Int, height: Float, from start: Float, to end: Float) {
    let (low, high) = (min(start, end), max(start, end))
    let first = Int(low)
    let last = max(first, Int(high.rounded(.up)) - 1)
    let base = row * stride
    if first == last {
      let covered = height * (1 - ((low + high) / 2 - Float(first)))
      areas[base + first] += covered
      areas[base + first + 1] += height - covered
      return
    }
    // Right of the edge within each pixel; `done` is what pixels to the left have got already.
    var done: Float = 0
    for column in first...last {
      let (left, edge) = (Float(column), Float(column + 1))
      let (entry, exit) = (max(low, left), min(high, edge))
      let share = height * (exit - entry) / (high - low)
      let before = height * (entry - low) / (high - low)
      let covered = before + share * (edge - (entry + exit) / 2)
      areas[base + column] += covered - done
      done = covered
    }
    areas[base + last + 1] += height - done
  }
}
