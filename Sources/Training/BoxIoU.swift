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

  /// Intersection over union.
  package func overlap(_ other: CenteredBox) -> Float {
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

/// How far a predicted box is from its object (losses.py, IOUloss).
package enum IoULoss: String, Sendable, CaseIterable {
  /// 1 - IoU²
  case iou
  /// 1 - GIoU (Rezatofighi et al. 2019)
  case giou

  /// The loss, and its slope by the four numbers of `box`.
  package func callAsFunction(_ box: CenteredBox, _ target: CenteredBox) -> (loss: Float, slope: CenteredBox)
  {
    let x = Span1(box.x, box.width, target.x, target.width)
    let y = Span1(box.y, box.height, target.y, target.height)
    let overlaps = x.common > 0 && y.common > 0
    let intersection = overlaps ? x.common * y.common : 0
    let union = box.width * box.height + target.width * target.height - intersection + 1e-16
    let iou = intersection / union

    // Slopes of intersection and own area by (x, y, width, height).
    let dIntersection =
      overlaps
      ? [x.dCommon * y.common, y.dCommon * x.common, x.dCommonBySize * y.common, y.dCommonBySize * x.common]
      : [0, 0, 0, 0]
    let dArea = [0, 0, box.height, box.width]
    let dUnion = zip(dArea, dIntersection).map { $0 - $1 }
    let dIoU = zip(dIntersection, dUnion).map { ($0 - iou * $1) / union }

    switch self {
    case .iou:
      return (1 - iou * iou, CenteredBox(dIoU.map { -2 * iou * $0 }))
    case .giou:
      let hull = x.hull * y.hull
      let giou = iou - 1 + union / hull
      let dHull = [x.dHull * y.hull, y.dHull * x.hull, x.dHullBySize * y.hull, y.dHullBySize * x.hull]
      let slope = (0..<4).map { -(dIoU[$0] + (dUnion[$0] - union / hull * dHull[$0]) / hull) }
      return (1 - giou, CenteredBox(slope))
    }
  }
}

extension CenteredBox {
  fileprivate init(_ numbers: [Float]) {
    self.init(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
  }
}

/// Two intervals on one axis: what they share, what encloses both, and the slopes of those lengths by centre and size of
/// the first.
private struct Span1 {
  let common: Float
  let dCommon: Float
  let dCommonBySize: Float
  let hull: Float
  let dHull: Float
  let dHullBySize: Float

  init(_ center: Float, _ size: Float, _ otherCenter: Float, _ otherSize: Float) {
    let (low, high) = (center - size / 2, center + size / 2)
    let (otherLow, otherHigh) = (otherCenter - otherSize / 2, otherCenter + otherSize / 2)
    common = min(high, otherHigh) - max(low, otherLow)
    let ownsHigh: Float = high < otherHigh ? 1 : 0
    let ownsLow: Float = low > otherLow ? 1 : 0
    dCommon = ownsHigh - ownsLow
    dCommonBySize = (ownsHigh + ownsLow) / 2
    hull = max(high, otherHigh) - min(low, otherLow)
    dHull = ownsLow - ownsHigh
    dHullBySize = (2 - ownsHigh - ownsLow) / 2
  }
}
