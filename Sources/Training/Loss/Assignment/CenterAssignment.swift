/// Assignment by position: the anchor at an object's centre ("anchor-free" in the paper's table 2), or the square around
/// it ("multi positives"). The object's size selects the level, as in FCOS (Tian et al. 2019, section 3.2).
package struct CenterAssignment: Sendable {
  /// Distance from the centre cell, in cells; 1 gives 3 x 3.
  package var reach: Int

  package init(reach: Int) { self.reach = reach }

  /// Half of an object's longer side, in pixels, up to which it belongs to a level of this stride. FCOS measures from
  /// the anchor to the farthest edge, which from the centre is the same.
  private static let limits: [(stride: Float, half: Float)] = [(8, 64), (16, 128), (32, .infinity)]

  package func callAsFunction(_ predictions: AnchorPredictions, _ targets: [Target]) -> Assignment {
    var owners: [Int: Int] = [:]
    for (index, target) in targets.enumerated() {
      let half = max(target.box.width, target.box.height) / 2
      guard let stride = CenterAssignment.limits.first(where: { half <= $0.half })?.stride else { continue }
      let (column, row) = ((target.box.x / stride).rounded(.down), (target.box.y / stride).rounded(.down))
      for (anchor, place) in predictions.anchors.enumerated()
      where place.stride == stride && abs(place.column - column) <= Float(reach)
        && abs(place.row - row) <= Float(reach)
      {
        // Contested anchors go to the smaller object, which has fewer candidates.
        if let other = owners[anchor], targets[other].box.area <= target.box.area { continue }
        owners[anchor] = index
      }
    }
    return Assignment(
      matches: owners.sorted { $0.key < $1.key }.map { anchor, target in
        Assignment.Match(
          anchor: anchor, target: target,
          iou: predictions.box(anchor).iou(targets[target].box))
      })
  }
}
