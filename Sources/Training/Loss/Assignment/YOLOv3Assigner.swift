/// YOLOv3's assignment (Redmon and Farhadi 2018, section 2.1): of nine anchor shapes, three per level, an object takes the
/// one of highest IoU in the cell of its centre. Other anchors that cover an object well are ignored.
package struct YOLOv3Assigner: Sendable {
  /// Width and height in pixels, three for each level, from the paper (for inputs of 416).
  package static let shapes: [(width: Float, height: Float)] = [
    (10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326),
  ]
  package static let ignoreThreshold: Float = 0.5

  package init() {}

  package func callAsFunction(_ predictions: AnchorPredictions, _ targets: [Target]) -> Assignment {
    var owners: [Int: Int] = [:]
    for (index, target) in targets.enumerated() {
      let ious = YOLOv3Assigner.shapes.map { shape in
        CenteredBox(x: 0, y: 0, width: shape.width, height: shape.height).iou(
          CenteredBox(x: 0, y: 0, width: target.box.width, height: target.box.height))
      }
      guard let group = ious.indices.max(by: { ious[$0] < ious[$1] }) else { continue }
      let anchor = predictions.anchors.firstIndex { place in
        place.group == group && place.column == (target.box.x / place.stride).rounded(.down)
          && place.row == (target.box.y / place.stride).rounded(.down)
      }
      if let anchor { owners[anchor] = index }
    }
    var ignored: [Int] = []
    for anchor in predictions.anchors.indices where owners[anchor] == nil {
      let box = predictions.box(anchor)
      if targets.contains(where: { $0.box.iou(box) > YOLOv3Assigner.ignoreThreshold }) {
        ignored.append(anchor)
      }
    }
    return Assignment(
      matches: owners.sorted { $0.key < $1.key }.map { anchor, target in
        Assignment.Match(
          anchor: anchor, target: target,
          iou: predictions.box(anchor).iou(targets[target].box))
      }, ignored: ignored)
  }
}
