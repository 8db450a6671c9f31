import Imaging

/// An image that is drawn, and for each pixel the object on top of it.
package struct Canvas: Sendable {
  package let width: Int
  package let height: Int
  /// `[height, width, 3]`, 0...255.
  var levels: [Float]
  /// For each pixel the number of the object that covers at least half of it; 0 where there is none.
  package private(set) var owners: [UInt8]

  /// Where paths are drawn.
  var placement = Placement()
  /// The object that paths belong to; 0 for none.
  var owner: UInt8 = 0

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
    levels = Array(repeating: 0, count: width * height * 3)
    owners = Array(repeating: 0, count: width * height)
  }

  /// - Parameter opacity: shadows and glass let through what is beneath.
  package mutating func fill(_ path: Path, _ paint: Paint, opacity: Float = 1) {
    let placement = placement
    draw(path.mapped { placement($0) }, paint.mapped(placement), opacity: opacity)
  }

  package mutating func fill(_ path: Path, _ color: PaintColor, opacity: Float = 1) {
    fill(path, .solid(color), opacity: opacity)
  }

  private mutating func draw(_ path: Path, _ paint: Paint, opacity: Float) {
    let rasterizer = Rasterizer(path, width: width, height: height)
    let (width, owner) = (width, owner)
    rasterizer.forEachPixel { x, y, coverage in
      let color = paint.color(Float(x) + 0.5, Float(y) + 0.5)
      let share = coverage * opacity
      let index = y * width + x
      levels[3 * index] += (color.red - levels[3 * index]) * share
      levels[3 * index + 1] += (color.green - levels[3 * index + 1]) * share
      levels[3 * index + 2] += (color.blue - levels[3 * index + 2]) * share
      if share >= 0.5 { owners[index] = owner }
    }
  }

  /// Pixels of `object` that nothing covers, and the smallest box round them.
  package func visible(_ object: UInt8) -> (pixels: Int, box: (x: Int, y: Int, width: Int, height: Int))? {
    var (left, top, right, bottom, pixels) = (width, height, 0, 0, 0)
    for y in 0..<height {
      for x in 0..<width where owners[y * width + x] == object {
        (left, right) = (min(left, x), max(right, x + 1))
        (top, bottom) = (min(top, y), max(bottom, y + 1))
        pixels += 1
      }
    }
    guard pixels > 0 else { return nil }
    return (pixels: pixels, box: (x: left, y: top, width: right - left, height: bottom - top))
  }

  package var image: Image {
    Image(width: width, height: height, pixels: levels.map { UInt8(min(max($0 + 0.5, 0), 255)) })
  }
}
