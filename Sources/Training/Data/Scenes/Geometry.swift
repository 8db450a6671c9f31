/// A point or a vector of a drawing: x to the right, y downwards.
package struct Point: Sendable, Equatable {
  package var x: Float
  package var y: Float

  package init(_ x: Float, _ y: Float) {
    self.x = x
    self.y = y
  }

  static func + (a: Point, b: Point) -> Point { Point(a.x + b.x, a.y + b.y) }
  static func - (a: Point, b: Point) -> Point { Point(a.x - b.x, a.y - b.y) }
  static func * (a: Point, scale: Float) -> Point { Point(a.x * scale, a.y * scale) }

  var length: Float { (x * x + y * y).squareRoot() }

  /// The point at `distance` in the direction `angle`, which is measured clockwise from "to the right".
  func moved(_ distance: Float, angle: Float) -> Point {
    let (sine, cosine) = sineAndCosine(angle)
    return Point(x + distance * cosine, y + distance * sine)
  }
}

/// Sine and cosine from additions and products alone. The last bits of libm's depend on the platform, and a drawing is
/// to have the same bits on all.
func sineAndCosine(_ angle: Float) -> (sine: Float, cosine: Float) {
  let quarterTurns = (Double(angle) * (2 / Double.pi)).rounded()
  let x = Double(angle) - quarterTurns * (Double.pi / 2)
  let square = x * x
  // Taylor's series; |x| is at most pi / 4, where the first term left out is below 1e-11.
  let sine =
    x * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72 * (1 - square / 110)))))
  let cosine =
    1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56 * (1 - square / 90))))
  switch Int(quarterTurns) & 3 {
  case 0: return (Float(sine), Float(cosine))
  case 1: return (Float(cosine), Float(-sine))
  case 2: return (Float(-sine), Float(-cosine))
  default: return (Float(-cosine), Float(sine))
  }
}

/// Where a drawing's own coordinates lie in the image: rotated and scaled, mirrored where `mirrored`, then moved.
package struct Placement: Sendable {
  /// Of the drawing's origin.
  var position = Point(0, 0)
  var scale: Float = 1
  /// Height over width, where a drawing is stretched.
  var stretch: Float = 1
  var angle: Float = 0
  var mirrored = false

  func callAsFunction(_ point: Point) -> Point {
    let (sine, cosine) = sineAndCosine(angle)
    let (x, y) = (point.x * scale * (mirrored ? -1 : 1), point.y * scale * stretch)
    return Point(position.x + x * cosine - y * sine, position.y + x * sine + y * cosine)
  }
}

/// A rectangle by its edges.
package struct Bounds: Sendable, Equatable {
  package var left: Float
  package var top: Float
  package var right: Float
  package var bottom: Float

  var width: Float { max(0, right - left) }
  var height: Float { max(0, bottom - top) }
  var area: Float { width * height }

  func intersection(_ other: Bounds) -> Bounds {
    Bounds(
      left: max(left, other.left), top: max(top, other.top), right: min(right, other.right),
      bottom: min(bottom, other.bottom))
  }
}
