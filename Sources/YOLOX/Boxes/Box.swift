/// An axis-aligned rectangle by its corners, in pixels.
package struct Box: Hashable, Sendable {
  package var x1: Float
  package var y1: Float
  package var x2: Float
  package var y2: Float

  package init(x1: Float, y1: Float, x2: Float, y2: Float) {
    self.x1 = x1
    self.y1 = y1
    self.x2 = x2
    self.y2 = y2
  }

  /// x, y, width, height, as COCO's `bbox` has it.
  package var bbox: [Double] { [x1, y1, x2 - x1, y2 - y1].map { Double($0) } }

  package var area: Float { max(0, x2 - x1) * max(0, y2 - y1) }

  package var isFinite: Bool { x1.isFinite && y1.isFinite && x2.isFinite && y2.isFinite }

  /// Intersection over union, 0...1; 0 if both boxes are empty. `COCO.Box` (float64, crowds) and `CenteredBox` of training
  /// have their own, because conversion between corners and centres rounds and would change results.
  package func iou(_ other: Box) -> Float {
    let width = min(x2, other.x2) - max(x1, other.x1)
    let height = min(y2, other.y2) - max(y1, other.y1)
    guard width > 0, height > 0 else { return 0 }
    let intersection = width * height
    return intersection / (area + other.area - intersection)
  }
}

/// One detected object.
package struct Detection: Hashable, Sendable {
  /// Index into the model's labels.
  package var classID: Int
  /// Objectness x class probability, 0...1.
  package var score: Float
  package var box: Box

  package init(classID: Int, score: Float, box: Box) {
    self.classID = classID
    self.score = score
    self.box = box
  }
}

extension Detection {
  /// Maximum number of candidates for suppression, by score, because its cost is quadratic.
  package static let candidateLimit = 4096
}
