/// A rectangle of whole pixels, `right` and `bottom` not included.
package struct PixelRectangle: Equatable {
  package var left: Int
  package var top: Int
  package var right: Int
  package var bottom: Int

  package init(left: Int, top: Int, right: Int, bottom: Int) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
  }

  package var width: Int { right - left }
  package var height: Int { bottom - top }
  package var isEmpty: Bool { right <= left || bottom <= top }
  package var area: Int { isEmpty ? 0 : width * height }

  package func inset(by distance: Int) -> PixelRectangle {
    PixelRectangle(
      left: left + distance, top: top + distance, right: right - distance, bottom: bottom - distance)
  }

  package func intersection(_ other: PixelRectangle) -> PixelRectangle {
    PixelRectangle(
      left: max(left, other.left), top: max(top, other.top), right: min(right, other.right),
      bottom: min(bottom, other.bottom))
  }
}

/// A rectangle with rounded corners.
package struct RoundedRectangle {
  package var bounds: PixelRectangle
  /// Of the corners top left, top right, bottom right and bottom left.
  package var radii: (topLeft: Float, topRight: Float, bottomRight: Float, bottomLeft: Float)

  package init(_ bounds: PixelRectangle, radius: Float) {
    self.bounds = bounds
    radii = (radius, radius, radius, radius)
  }

  package var maxRadius: Int {
    Int(max(radii.topLeft, radii.topRight, radii.bottomRight, radii.bottomLeft).rounded(.up))
  }

  /// The shape grown by `distance` on every side; square corners stay square.
  package func outset(by distance: Int) -> RoundedRectangle {
    func grown(_ radius: Float) -> Float { radius > 0 ? radius + Float(distance) : 0 }
    var shape = self
    shape.bounds = bounds.inset(by: -distance)
    shape.radii = (
      grown(radii.topLeft), grown(radii.topRight), grown(radii.bottomRight), grown(radii.bottomLeft)
    )
    return shape
  }

  /// The part of pixel (`x`, `y`) that lies inside, 0...1.
  package func coverage(_ x: Int, _ y: Int) -> Float {
    guard x >= bounds.left, x < bounds.right, y >= bounds.top, y < bounds.bottom else { return 0 }
    let (fromLeft, fromTop) = (Float(x - bounds.left) + 0.5, Float(y - bounds.top) + 0.5)
    let (fromRight, fromBottom) = (Float(bounds.width) - fromLeft, Float(bounds.height) - fromTop)
    let isLeft = fromLeft < fromRight
    let (across, down) = (min(fromLeft, fromRight), min(fromTop, fromBottom))
    let radius =
      fromTop < fromBottom
      ? (isLeft ? radii.topLeft : radii.topRight) : (isLeft ? radii.bottomLeft : radii.bottomRight)
    guard across < radius, down < radius else { return 1 }
    let distance = ((radius - across) * (radius - across) + (radius - down) * (radius - down)).squareRoot()
    return min(max(radius - distance + 0.5, 0), 1)
  }
}

extension Image {
  private var bounds: PixelRectangle { PixelRectangle(left: 0, top: 0, right: width, bottom: height) }

  package mutating func fill(_ shape: RoundedRectangle, _ color: Color, opacity: Float = 1) {
    let visible = shape.bounds.intersection(bounds)
    guard !visible.isEmpty else { return }
    let width = width
    var span = pixels.mutableSpan
    for y in visible.top..<visible.bottom {
      for x in visible.left..<visible.right {
        span.blend(color, shape.coverage(x, y) * opacity, at: (y * width + x) * 3)
      }
    }
  }

  /// Draws a frame of `lineWidth` pixels just inside `shape`.
  package mutating func stroke(_ shape: RoundedRectangle, lineWidth: Int, _ color: Color, opacity: Float = 1)
  {
    let visible = shape.bounds.intersection(bounds)
    guard !visible.isEmpty else { return }
    var inner = RoundedRectangle(shape.bounds.inset(by: lineWidth), radius: 0)
    func reduced(_ radius: Float) -> Float { max(radius - Float(lineWidth), 0) }
    inner.radii = (
      reduced(shape.radii.topLeft), reduced(shape.radii.topRight), reduced(shape.radii.bottomRight),
      reduced(shape.radii.bottomLeft)
    )
    // Between the corners a row has the left and the right line alone.
    let band = max(lineWidth, shape.maxRadius)
    let width = width
    var span = pixels.mutableSpan
    func draw(_ columns: Range<Int>, _ y: Int, _ span: inout MutableSpan<UInt8>) {
      for x in columns.clamped(to: visible.left..<visible.right) {
        let coverage = shape.coverage(x, y) - inner.coverage(x, y)
        span.blend(color, coverage * opacity, at: (y * width + x) * 3)
      }
    }
    for y in visible.top..<visible.bottom {
      let isBand = y < shape.bounds.top + band || y >= shape.bounds.bottom - band
      if isBand || shape.bounds.width <= 2 * lineWidth {
        draw(shape.bounds.left..<shape.bounds.right, y, &span)
      } else {
        draw(shape.bounds.left..<shape.bounds.left + lineWidth, y, &span)
        draw(shape.bounds.right - lineWidth..<shape.bounds.right, y, &span)
      }
    }
  }

  /// Draws the covered pixels of `mask`, whose top left corner is put at (`left`, `top`).
  package mutating func fill(_ mask: CoverageMask, left: Int, top: Int, _ color: Color) {
    let (width, height) = (width, height)
    var span = pixels.mutableSpan
    for y in max(0, -top)..<max(0, -top, min(mask.height, height - top)) {
      let row = mask.row(y)
      for x in max(0, -left)..<max(0, -left, min(mask.width, width - left)) {
        span.blend(color, row[x], at: ((top + y) * width + left + x) * 3)
      }
    }
  }
}

extension MutableSpan<UInt8> {
  @inline(__always)
  fileprivate mutating func blend(_ color: Color, _ opacity: Float, at index: Int) {
    guard opacity > 0 else { return }
    func mixed(_ below: UInt8, _ above: UInt8) -> UInt8 {
      UInt8(Float(below) + (Float(above) - Float(below)) * opacity + 0.5)
    }
    self[index] = mixed(self[index], color.red)
    self[index + 1] = mixed(self[index + 1], color.green)
    self[index + 2] = mixed(self[index + 2], color.blue)
  }
}
