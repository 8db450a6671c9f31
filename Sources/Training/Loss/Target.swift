/// A box by its centre and size, in pixels of the network's input.
package struct CenteredBox: Sendable, Equatable {
  package var x: Float
  package var y: Float
  package var width: Float
  package var height: Float

  package init(x: Float, y: Float, width: Float, height: Float) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  package var area: Float { width * height }

  /// Intersection over union, from centres and sizes as in the authors' bboxes_iou with `xyxy` off. `YOLOX.Box.iou` works
  /// on corners; converting would round, and assignments at equal IoUs would change.
  package func iou(_ other: CenteredBox) -> Float {
    let (w, h) = intersection(other)
    guard w > 0, h > 0 else { return 0 }
    return w * h / (width * height + other.width * other.height - w * h)
  }

  fileprivate func intersection(_ other: CenteredBox) -> (width: Float, height: Float) {
    (
      min(x + width / 2, other.x + other.width / 2) - max(x - width / 2, other.x - other.width / 2),
      min(y + height / 2, other.y + other.height / 2) - max(y - height / 2, other.y - other.height / 2)
    )
  }
}

/// One object of an image, its box in pixels of the network's input.
package struct Target: Sendable, Equatable {
  package let classIndex: Int
  package let box: CenteredBox

  package init(classIndex: Int, box: CenteredBox) {
    self.classIndex = classIndex
    self.box = box
  }
}
