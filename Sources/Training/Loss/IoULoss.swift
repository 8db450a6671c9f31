/// The box regression loss (losses.py, IOUloss).
package enum IoULoss: String, Sendable, CaseIterable {
  /// 1 - IoU²
  case iou
  /// 1 - GIoU (Rezatofighi et al. 2019)
  case giou

  /// The loss and its gradient with respect to `box`.
  package func callAsFunction(_ box: CenteredBox, _ target: CenteredBox) -> (
    loss: Float, gradient: CenteredBox
  ) {
    let x = Interval(box.x, box.width, target.x, target.width)
    let y = Interval(box.y, box.height, target.y, target.height)
    let intersects = x.common > 0 && y.common > 0
    let intersection = intersects ? x.common * y.common : 0
    let union = box.width * box.height + target.width * target.height - intersection + 1e-16
    let iou = intersection / union

    // Derivatives of intersection and area with respect to (x, y, width, height).
    let dIntersection =
      intersects
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
      let gradient = (0..<4).map { -(dIoU[$0] + (dUnion[$0] - union / hull * dHull[$0]) / hull) }
      return (1 - giou, CenteredBox(gradient))
    }
  }
}

extension CenteredBox {
  fileprivate init(_ numbers: [Float]) {
    self.init(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
  }
}

/// Two intervals on one axis: what they share, what encloses both, and the valueGradients of those lengths by centre and size of
/// the first.
private struct Interval {
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
