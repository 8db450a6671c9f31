/// A polygon in fractions of an image's width and height.
package struct Zone: Hashable, Sendable {
  package struct Point: Hashable, Sendable {
    package let x: Double
    package let y: Double

    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  package static let maxPoints = 64

  package let points: [Point]

  /// - Parameter points: the corners in order; the last may repeat the first.
  package init(_ points: [Point]) throws(ZoneError) {
    var corners: [Point] = []
    guard points.count <= Zone.maxPoints + 1 else { throw .tooManyPoints(count: points.count) }
    for point in points {
      guard (0...1).contains(point.x), (0...1).contains(point.y) else { throw .outside }
      if point != corners.last { corners.append(point) }
    }
    if corners.count > 1, corners.first == corners.last { corners.removeLast() }
    guard corners.count <= Zone.maxPoints else { throw .tooManyPoints(count: corners.count) }
    guard corners.count >= 3 else { throw .tooFewPoints }
    self.points = corners
    guard !isCrossed else { throw .crossing }
    guard abs(Zone.area(corners)) > 1e-9 else { throw .noArea }
  }

  /// From `x,y,x,y,…`.
  package init(_ text: String) throws(ZoneError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count <= 2 * (Zone.maxPoints + 1) else { throw .tooManyPoints(count: parts.count / 2) }
    var numbers: [Double] = []
    for part in parts {
      guard let number = Double(String(part.filter { $0 != " " })) else { throw .notNumbers }
      numbers.append(number)
    }
    try self.init(numbers: numbers)
  }

  /// - Parameter numbers: x and y in turn.
  package init(numbers: [Double]) throws(ZoneError) {
    guard numbers.count.isMultiple(of: 2) else { throw .notNumbers }
    try self.init(
      stride(from: 0, to: numbers.count, by: 2).map { Point(x: numbers[$0], y: numbers[$0 + 1]) })
  }

  // MARK: Geometry

  package func contains(_ point: Point) -> Bool {
    var isInside = false
    var previous = points[points.count - 1]
    for corner in points {
      if (corner.y > point.y) != (previous.y > point.y),
        point.x
          < (previous.x - corner.x) * (point.y - corner.y) / (previous.y - corner.y) + corner.x
      {
        isInside.toggle()
      }
      previous = corner
    }
    return isInside
  }

  /// The part of a box's area that lies in the zone, 0...1. Of an empty box, whether its centre does.
  package func share(of box: NormalizedBox) -> Double {
    guard box.area > 0 else { return contains(box.center) ? 1 : 0 }
    // Clips the polygon by one side of the box after another (Sutherland, Hodgman, 1974). What a concave polygon leaves
    // along a side has no area.
    var clipped = Zone.clip(points) { $0.x - box.left }
    clipped = Zone.clip(clipped) { box.right - $0.x }
    clipped = Zone.clip(clipped) { $0.y - box.top }
    clipped = Zone.clip(clipped) { box.bottom - $0.y }
    return min(1, abs(Zone.area(clipped)) / box.area)
  }

  /// - Parameter distance: from the side, negative outside.
  private static func clip(_ points: [Point], _ distance: (Point) -> Double) -> [Point] {
    guard var previous = points.last else { return [] }
    var clipped: [Point] = []
    for point in points {
      let (before, here) = (distance(previous), distance(point))
      if (before < 0) != (here < 0) {
        let part = before / (before - here)
        clipped.append(
          Point(
            x: previous.x + (point.x - previous.x) * part, y: previous.y + (point.y - previous.y) * part))
      }
      if here >= 0 { clipped.append(point) }
      previous = point
    }
    return clipped
  }

  /// Signed, by the shoelace formula.
  private static func area(_ points: [Point]) -> Double {
    guard var previous = points.last else { return 0 }
    var doubled = 0.0
    for point in points {
      doubled += previous.x * point.y - point.x * previous.y
      previous = point
    }
    return doubled / 2
  }

  /// Whether edges that are no neighbours meet.
  private var isCrossed: Bool {
    let count = points.count
    func edge(_ index: Int) -> (Point, Point) { (points[index], points[(index + 1) % count]) }
    for first in 0..<count {
      for second in (first + 1)..<max(count, first + 1)
      where second != first + 1 && (second + 1) % count != first {
        let ((a, b), (c, d)) = (edge(first), edge(second))
        if Zone.meet(a, b, c, d) { return true }
      }
    }
    return false
  }

  private static func meet(_ a: Point, _ b: Point, _ c: Point, _ d: Point) -> Bool {
    func side(_ p: Point, _ q: Point, _ r: Point) -> Double {
      (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x)
    }
    func lies(_ r: Point, between p: Point, _ q: Point) -> Bool {
      min(p.x, q.x) <= r.x && r.x <= max(p.x, q.x) && min(p.y, q.y) <= r.y && r.y <= max(p.y, q.y)
    }
    let (abc, abd, cda, cdb) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b))
    if (abc > 0) != (abd > 0), (cda > 0) != (cdb > 0), abc != 0, abd != 0, cda != 0, cdb != 0 { return true }
    return (abc == 0 && lies(c, between: a, b)) || (abd == 0 && lies(d, between: a, b))
      || (cda == 0 && lies(a, between: c, d)) || (cdb == 0 && lies(b, between: c, d))
  }
}

/// Why points make no zone.
package enum ZoneError: Error, Equatable, CustomStringConvertible {
  case notNumbers
  case tooFewPoints
  case tooManyPoints(count: Int)
  case outside
  case crossing
  case noArea

  package var description: String {
    switch self {
    case .notNumbers: "a zone is a list of numbers: x,y,x,y,…"
    case .tooFewPoints: "a zone needs at least 3 different points"
    case .tooManyPoints(let count): "a zone has \(count) points; the maximum is \(Zone.maxPoints)"
    case .outside: "the points of a zone must be fractions of the image's width and height, 0 to 1"
    case .crossing: "the sides of a zone cross or touch each other"
    case .noArea: "a zone has no area"
    }
  }
}
