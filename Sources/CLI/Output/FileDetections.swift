import YOLOX

/// The detections of one image file, as text or as a line of JSON.
struct FileDetections {
  let file: String
  let width: Int
  let height: Int
  let detections: [Detection]
  let labels: [String]

  var text: String { text(.standardOutput) }

  func text(_ style: TerminalStyle) -> String {
    guard !detections.isEmpty else { return "\(file): " + style(.dim, "nothing") }
    return detections.map { detection in
      let box = [detection.box.x1, detection.box.y1, detection.box.x2, detection.box.y2]
        .map { $0.text(decimals: 1) }.joined(separator: " ")
      return "\(file): \(style(.bold, labels[detection.classID])) \(detection.score.text(decimals: 3)) \(box)"
    }.joined(separator: "\n")
  }

  var json: String {
    get throws {
      struct Line: Encodable {
        let file: String
        let image: ImageSize
        let detections: [LabelledDetection]
      }
      let line = Line(
        file: file, image: ImageSize(width: width, height: height),
        detections: detections.map { LabelledDetection($0, labels: labels) })
      return try jsonText(of: line)
    }
  }
}
