import Testing
import YOLOX

/// A detection by other programs, as the scripts in Tests/Fixtures write it.
package struct ReferenceDetection: Decodable, Sendable {
  package let classID: Int
  package let score: Float
  /// x1, y1, x2, y2 in pixels, not clipped to the image.
  package let box: [Float]

  enum CodingKeys: String, CodingKey {
    case score, box
    case classID = "class_id"
  }

  /// Score within 0.02 and IoU at least 0.97, as Tests/Fixtures/Golden/README.md allows for other decoders and resizers. Ours
  /// are clipped to the image.
  fileprivate func agrees(with detection: Detection, width: Int, height: Int) -> Bool {
    let clipped = Box(
      x1: max(0, box[0]), y1: max(0, box[1]), x2: min(Float(width), box[2]), y2: min(Float(height), box[3]))
    return detection.classID == classID && abs(detection.score - score) <= 0.02
      && detection.box.iou(clipped) >= 0.97
  }
}

/// Compares both ways, for scores that cannot have crossed the threshold of 0.3 by the difference that is allowed.
package func expectAgreement(
  _ found: [Detection], _ expected: [ReferenceDetection], width: Int, height: Int, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  for wanted in expected where wanted.score >= 0.35 {
    #expect(
      found.contains { wanted.agrees(with: $0, width: width, height: height) },
      "\(what): \(wanted) is not among \(found)", sourceLocation: sourceLocation)
  }
  for detection in found where detection.score >= 0.35 {
    #expect(
      expected.contains { $0.agrees(with: detection, width: width, height: height) },
      "\(what): \(detection) is not expected", sourceLocation: sourceLocation)
  }
}
