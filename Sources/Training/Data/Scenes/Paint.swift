/// A colour with 0...255 for each of red, green and blue.
package struct PaintColor: Sendable, Equatable {
  package var red: Float
  package var green: Float
  package var blue: Float

  package init(_ red: Float, _ green: Float, _ blue: Float) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// As it is written in style sheets: 0xRRGGBB.
  package init(_ hex: Int) {
    self.init(Float(hex >> 16 & 255), Float(hex >> 8 & 255), Float(hex & 255))
  }

  static func gray(_ level: Float) -> PaintColor { PaintColor(level, level, level) }

  func mixed(_ other: PaintColor, _ share: Float) -> PaintColor {
    PaintColor(
      red + (other.red - red) * share, green + (other.green - green) * share,
      blue + (other.blue - blue) * share)
  }

  /// Towards white for positive shares, towards black for negative ones.
  func lighter(_ share: Float) -> PaintColor {
    share >= 0 ? mixed(.gray(255), share) : mixed(.gray(0), -share)
  }
}

/// What a path is filled with. Points and lengths are in the coordinates of the path.
package enum Paint: Sendable {
  case solid(PaintColor)
  /// From `start` at the first point to `end` at the second.
  case linear(PaintColor, PaintColor, from: Point, to: Point)
  case radial(PaintColor, PaintColor, center: Point, radius: Float)

  /// From the colour `start` at height `top` to `end` at `bottom`.
  static func vertical(_ start: PaintColor, _ end: PaintColor, _ top: Float, _ bottom: Float) -> Paint {
    .linear(start, end, from: Point(0, top), to: Point(0, bottom))
  }

  func mapped(_ placement: Placement) -> Paint {
    switch self {
    case .solid: self
    case .linear(let start, let end, let from, let to):
      .linear(start, end, from: placement(from), to: placement(to))
    case .radial(let start, let end, let center, let radius):
      .radial(start, end, center: placement(center), radius: radius * placement.scale)
    }
  }

  func color(_ x: Float, _ y: Float) -> PaintColor {
    switch self {
    case .solid(let color): return color
    case .linear(let start, let end, let from, let to):
      let along = to - from
      let square = along.x * along.x + along.y * along.y
      guard square > 0 else { return start }
      let share = ((x - from.x) * along.x + (y - from.y) * along.y) / square
      return start.mixed(end, min(max(share, 0), 1))
    case .radial(let start, let end, let center, let radius):
      guard radius > 0 else { return end }
      return start.mixed(end, min((Point(x, y) - center).length / radius, 1))
    }
  }
}
