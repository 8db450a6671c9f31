import Imaging

extension Image {
  /// Draws every box with its label and score, the best on top. `detections` are sorted by score.
  package mutating func draw(_ detections: [Detection], labels: [String]) {
    draw(
      detections.map { detection in
        let box = detection.box
        return BoxAnnotation(
          box: (box.x1, box.y1, box.x2, box.y2),
          label: "\(labels[detection.classID]) \(Int((detection.score * 100).rounded()))%",
          colorIndex: detection.classID)
      })
  }
}
