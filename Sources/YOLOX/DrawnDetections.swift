import Imaging

extension Image {
  /// Draws every box with its label and score, the highest score on top.
  package mutating func draw(_ detections: [Detection], labels: [String]) {
    for detection in detections.reversed() {
      let label = "\(labels[detection.classID]) \(Int((detection.score * 100).rounded()))%"
      let box = detection.box
      draw(box: (box.x1, box.y1, box.x2, box.y2), label: label, colorIndex: detection.classID)
    }
  }
}
