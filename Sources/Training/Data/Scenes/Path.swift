/// Closed outlines that are filled together. All builders turn the same way round, so outlines that overlap add up.
package struct Path: Sendable {
  package private(set) var outlines: [[Point]] = []

  package init() {}
  package init(_ points: [Point]) { outlines = [points] }

  package static func polygon(_ points: (Float, Float)...) -> Path { Path(points.map { Point($0.0, $0.1) }) }

  package static func rectangle(_ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Path {
    polygon((x, y), (x + width, y), (x + width, y + height), (x, y + height))
  }

  /// - Parameter radius: of the corners; at most half of the shorter side.
  package static func rounded(
    _ x: Float, _ y: Float, _ width: Float, _ height: Float, radius: Float
  ) -> Path {
    let radius = min(radius, width / 2, height / 2)
    let quarter = Float.pi / 2
    let corners = [
      (Point(x + width - radius, y + radius), -quarter), (Point(x + width - radius, y + height - radius), 0),
      (Point(x + radius, y + height - radius), quarter), (Point(x + radius, y + radius), 2 * quarter),
    ]
    return Path(
      corners.flatMap { center, angle in
        (0...6).map { center.moved(radius, angle: angle + quarter * Float($0) / 6) }
      })
  }

  package static func ellipse(_ x: Float, _ y: Float, _ radiusX: Float, _ radiusY: Float) -> Path {
    Path(
      (0..<48).map { index in
        let (sine, cosine) = sineAndCosine(2 * .pi * Float(index) / 48)
        return Point(x + radiusX * cosine, y + radiusY * sine)
      })
  }

  package static func circle(_ x: Float, _ y: Float, _ radius: Float) -> Path {
    ellipse(x, y, radius, radius)
  }

  /// - Parameter turn: of the first corner, clockwise from "to the right".
  static func regular(sides: Int, _ x: Float, _ y: Float, _ radius: Float, turn: Float) -> Path {
    Path(
      (0..<sides).map { Point(x, y).moved(radius, angle: turn + 2 * .pi * Float($0) / Float(sides)) })
  }

  /// The closed outline through `points`, with quadratic curves from middle to middle of its sides.
  static func smooth(_ points: (Float, Float)...) -> Path {
    let corners = points.map { Point($0.0, $0.1) }
    var outline: [Point] = []
    for (index, corner) in corners.enumerated() {
      let before = corners[(index + corners.count - 1) % corners.count]
      let after = corners[(index + 1) % corners.count]
      let (start, end) = ((before + corner) * 0.5, (corner + after) * 0.5)
      for step in 0..<8 {
        let t = Float(step) / 8
        outline.append(start * ((1 - t) * (1 - t)) + corner * (2 * t * (1 - t)) + end * (t * t))
      }
    }
    return Path(outline)
  }

  /// A line through `points` with round joints and ends.
  package static func stroke(_ points: [Point], width: Float) -> Path {
    var path = Path()
    let radius = width / 2
    for point in points { path.add(.circle(point.x, point.y, radius)) }
    for (from, to) in zip(points, points.dropFirst()) {
      let along = to - from
      guard along.length > 0 else { continue }
      let aside = Point(-along.y, along.x) * (radius / along.length)
      path.add(Path([from - aside, to - aside, to + aside, from + aside]))
    }
    return path
  }

  static func stroke(_ points: (Float, Float)..., width: Float) -> Path {
    stroke(points.map { Point($0.0, $0.1) }, width: width)
  }

  /// A part of a circle as a line; angles as in ``Point/moved(_:angle:)``.
  static func arc(
    _ x: Float, _ y: Float, _ radius: Float, from start: Float, to end: Float, width: Float
  ) -> Path {
    stroke(
      (0...24).map { Point(x, y).moved(radius, angle: start + (end - start) * Float($0) / 24) }, width: width)
  }

  static func ring(_ x: Float, _ y: Float, _ radius: Float, width: Float) -> Path {
    var path = circle(x, y, radius + width / 2)
    path.outlines.append(circle(x, y, max(0, radius - width / 2)).outlines[0].reversed())
    return path
  }

  package mutating func add(_ other: Path) { outlines += other.outlines }

  package func mapped(_ transform: (Point) -> Point) -> Path {
    var path = self
    path.outlines = outlines.map { $0.map(transform) }
    return path
  }

  package var bounds: Bounds {
    var bounds = Bounds(left: .infinity, top: .infinity, right: -.infinity, bottom: -.infinity)
    for point in outlines.joined() {
      bounds.left = min(bounds.left, point.x)
      bounds.right = max(bounds.right, point.x)
      bounds.top = min(bounds.top, point.y)
      bounds.bottom = max(bounds.bottom, point.y)
    }
    return bounds
  }
}
