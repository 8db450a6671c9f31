/// Where labels go: inside the image, at their boxes, and apart from each other.
package struct LabelLayout {
  /// How a label is attached to its box; the corner that touches the box is not rounded.
  package enum Place: Equatable {
    case above, below, inside, beside
  }

  package let imageWidth: Int
  package let imageHeight: Int
  private var taken: [PixelRectangle] = []
  private let boxes: [PixelRectangle]

  /// - Parameter boxes: all boxes of the image, so that labels do not hide the small ones among them.
  package init(imageWidth: Int, imageHeight: Int, boxes: [PixelRectangle]) {
    self.imageWidth = imageWidth
    self.imageHeight = imageHeight
    // A label covers but a little of larger ones, and few of many matter.
    self.boxes = boxes.count <= 200 ? boxes : []
  }

  /// Takes the best free place at `box` for a label of that size.
  ///
  /// - Returns: nil where every place at the box is taken by labels placed before, or the label is larger than the image.
  package mutating func place(width: Int, height: Int, at box: PixelRectangle) -> (PixelRectangle, Place)? {
    guard width <= imageWidth, height <= imageHeight else { return nil }
    var best: (rectangle: PixelRectangle, place: Place, cost: Float)?
    for (rank, candidate) in candidates(width, height, box).enumerated() {
      let (x, y, place) = candidate
      guard y >= 0, y + height <= imageHeight else { continue }
      let left = min(max(x, 0), imageWidth - width)
      let rectangle = PixelRectangle(left: left, top: y, right: left + width, bottom: y + height)
      // Better at another corner of the box than moved away from this one.
      let cost = Float(rank) * 0.04 + (left == x ? 0 : 0.2) + hiddenParts(of: rectangle, except: box)
      guard cost < best?.cost ?? .infinity else { continue }
      guard !taken.contains(where: { !$0.intersection(rectangle).isEmpty }) else { continue }
      best = (rectangle, place, cost)
    }
    guard let best else { return nil }
    taken.append(best.rectangle)
    return (best.rectangle, best.place)
  }

  /// The best first: above, at the top inside, below, along the box's sides, at some distance.
  private func candidates(
    _ width: Int, _ height: Int, _ box: PixelRectangle
  ) -> [(x: Int, y: Int, place: Place)] {
    var places: [(x: Int, y: Int, place: Place)] = [
      (box.left, box.top - height, .above), (box.left, box.top, .inside), (box.left, box.bottom, .below),
      (box.right - width, box.top - height, .above), (box.right - width, box.top, .inside),
      (box.right - width, box.bottom, .below), (box.left, box.bottom - height, .inside),
      (box.right - width, box.bottom - height, .inside), (box.right, box.top, .beside),
      (box.left - width, box.top, .beside),
    ]
    // A step of a label's height, and no more than a handful: a box may be as high as the image.
    let step = max(height, box.height / 8)
    for y in stride(from: box.top + step, to: box.bottom - height, by: step) {
      places.append((box.left, y, .inside))
      places.append((box.right - width, y, .inside))
      places.append((box.right, y, .beside))
      places.append((box.left - width, y, .beside))
    }
    // Last, a label or two away, as if on top of another box's label.
    for distance in [height, 2 * height] {
      for x in [box.left, box.right - width, box.right, box.left - width] {
        places.append((x, box.top - height - distance, .beside))
        places.append((x, box.bottom + distance, .beside))
      }
    }
    return places
  }

  /// The sum of the parts of other boxes that a label at `rectangle` would hide.
  private func hiddenParts(of rectangle: PixelRectangle, except own: PixelRectangle) -> Float {
    boxes.reduce(0) { sum, box in
      let hidden = box.intersection(rectangle).area
      return hidden == 0 || box == own ? sum : sum + Float(hidden) / Float(max(box.area, 1))
    }
  }
}
