/// A box in fractions of an image's width and height.
package struct NormalizedBox: Hashable, Sendable {
  package var left: Double
  package var top: Double
  package var right: Double
  package var bottom: Double

  package init(left: Double, top: Double, right: Double, bottom: Double) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
  }

  package init(_ box: Box, width: Int, height: Int) {
    self.init(
      left: Double(box.x1) / Double(width), top: Double(box.y1) / Double(height),
      right: Double(box.x2) / Double(width), bottom: Double(box.y2) / Double(height))
  }

  package var area: Double { max(0, right - left) * max(0, bottom - top) }
  package var center: Zone.Point { .init(x: (left + right) / 2, y: (top + bottom) / 2) }
  package var bottomCenter: Zone.Point { .init(x: (left + right) / 2, y: bottom) }

  /// Whether `other` lies wholly inside.
  package func covers(_ other: NormalizedBox) -> Bool {
    top <= other.top && left <= other.left && bottom >= other.bottom && right >= other.right
  }

  /// Whether the boxes share at least a point.
  package func overlaps(_ other: NormalizedBox) -> Bool {
    other.top <= bottom && other.left <= right && other.bottom >= top && other.right >= left
  }
}
