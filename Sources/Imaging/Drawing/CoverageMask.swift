/// How much of each pixel an outline covers, 0...1.
///
/// Each edge adds to the pixels of its rows the area to its right, as a difference to the pixel before; sums along the rows
/// then are the covered areas, exact for straight edges (R. Levien, font-rs, 2016).
package struct CoverageMask {
  package let width: Int
  package let height: Int
  private var differences: [Float]

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
    // An edge at the right border writes two pixels further.
    differences = [Float](repeating: 0, count: (width + 2) * height)
  }

  /// The covered parts of row `y`.
  package func row(_ y: Int) -> [Float] {
    var sum: Float = 0
    return differences[y * (width + 2)..<y * (width + 2) + width].map { difference in
      sum += difference
      return min(abs(sum), 1)
    }
  }

  /// Adds a closed contour of lines and quadratic curves; `place` maps its points to pixels, y downwards.
  package mutating func add(_ contour: [LabelFont.Point], place: (LabelFont.Point) -> (x: Float, y: Float)) {
    guard contour.count > 1 else { return }
    // Between two control points lies a point on the curve that TrueType leaves out.
    var points: [(x: Float, y: Float, isOnCurve: Bool)] = []
    for (index, point) in contour.enumerated() {
      let placed = place(point)
      let previous = contour[index == 0 ? contour.count - 1 : index - 1]
      if !point.isOnCurve, !previous.isOnCurve {
        let before = place(previous)
        points.append(((placed.x + before.x) / 2, (placed.y + before.y) / 2, true))
      }
      points.append((placed.x, placed.y, point.isOnCurve))
    }
    guard let first = points.firstIndex(where: \.isOnCurve) else { return }
    var start = (points[first].x, points[first].y)
    var control: (Float, Float)?
    for step in 1...points.count {
      let point = points[(first + step) % points.count]
      if !point.isOnCurve {
        control = (point.x, point.y)
      } else {
        addCurve(start, control, (point.x, point.y))
        start = (point.x, point.y)
        control = nil
      }
    }
  }

  private mutating func addCurve(
    _ start: (Float, Float), _ control: (Float, Float)?, _ end: (Float, Float)
  ) {
    guard let control else { return addLine(start, end) }
    // How far the curve bends from its chord decides into how many lines it is cut: 1/50 of a pixel is not seen.
    let bend =
      abs(start.0 - 2 * control.0 + end.0) + abs(start.1 - 2 * control.1 + end.1)
    let count = min(max(1, Int((bend / 4 / 0.02).squareRoot().rounded(.up))), 32)
    var from = start
    for step in 1...count {
      let t = Float(step) / Float(count)
      let (a, b, c) = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
      let to = (
        a * start.0 + b * control.0 + c * end.0, a * start.1 + b * control.1 + c * end.1
      )
      addLine(from, to)
      from = to
    }
  }

  private mutating func addLine(_ start: (x: Float, y: Float), _ end: (x: Float, y: Float)) {
    guard start.y != end.y else { return }
    let direction: Float = start.y < end.y ? 1 : -1
    let (top, bottom) = start.y < end.y ? (start, end) : (end, start)
    let slope = (bottom.x - top.x) / (bottom.y - top.y)
    let firstRow = max(0, Int(top.y.rounded(.down)))
    let endRow = min(height, Int(bottom.y.rounded(.up)))
    guard firstRow < endRow else { return }
    for y in firstRow..<endRow {
      let (from, to) = (max(top.y, Float(y)), min(bottom.y, Float(y + 1)))
      guard from < to else { continue }
      func clamped(_ x: Float) -> Float { min(max(x, 0), Float(width)) }
      let (x1, x2) = (clamped(top.x + (from - top.y) * slope), clamped(top.x + (to - top.y) * slope))
      addRow(y, min(x1, x2), max(x1, x2), area: direction * (to - from))
    }
  }

  /// An edge within one row of pixels, from `left` to `right`, that covers `area` of every pixel to its right.
  private mutating func addRow(_ y: Int, _ left: Float, _ right: Float, area: Float) {
    let base = y * (width + 2)
    let first = Int(left)
    let last = max(first, Int(right.rounded(.up)) - 1)
    if first == last {
      // Within one pixel: a trapezium, whose middle decides.
      let covered = Float(first + 1) - (left + right) / 2
      differences[base + first] += area * covered
      differences[base + first + 1] += area * (1 - covered)
      return
    }
    let share = 1 / (right - left)
    var before: Float = 0
    for x in first...last {
      // The part of the edge that lies before or in pixel x, and what of pixel x is to the right of it.
      let (from, to) = (max(left, Float(x)), min(right, Float(x + 1)))
      let crossed = (to - from) * share
      let passed = (from - left) * share
      let covered = passed + crossed * (Float(x + 1) - (from + to) / 2)
      differences[base + x] += area * (covered - before)
      before = covered
    }
    differences[base + last + 1] += area * (1 - before)
  }
}
