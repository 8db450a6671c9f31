/// The JSON form of a detection: `{"class_id": 16, "label": "dog", "score": 0.855, "box": {"x1": ...}}`.
package struct LabelledDetection: Encodable, Sendable {
  package let classID: Int
  package let label: String
  package let score: Double
  package let box: Corners

  package struct Corners: Encodable, Sendable {
    package let x1: Double
    package let y1: Double
    package let x2: Double
    package let y2: Double
  }

  enum CodingKeys: String, CodingKey {
    // The order of the JSON members.
    case label
    case classID = "class_id"
    case score, box
  }

  package init(_ detection: Detection, labels: [String]) {
    classID = detection.classID
    label = labels[detection.classID]
    score = LabelledDetection.reported(detection.score)
    // No network is more precise than a hundredth of a pixel.
    box = Corners(
      x1: rounded(detection.box.x1, 100), y1: rounded(detection.box.y1, 100),
      x2: rounded(detection.box.x2, 100),
      y2: rounded(detection.box.y2, 100))
  }
}

extension LabelledDetection {
  private static func reported(_ score: Float) -> Double { rounded(score, 10000) }

  /// The smallest score that is at least `threshold`, either itself or as it is reported: of 0.85508, reported as 0.8551, a
  /// threshold of 0.8551 must keep the detection.
  package static func minScore(reportedAtLeast threshold: Float) -> Float {
    // The decimal that was meant: 0.8551 as a Float is a little more or less.
    let meant = Double("\(threshold)") ?? Double(threshold)
    // The lowest reported score that is not below it; the factor undoes the rounding of the product.
    let lowest = (meant * 10000 * (1 - 1e-12)).rounded(.up) / 10000
    // Scores are reported so from half a step below. Converted to Float, that is off by one of its steps at most.
    var score = max(0, Float(lowest - 0.00005))
    if reported(score) < meant { score = score.nextUp }
    if score > 0, reported(score.nextDown) >= meant { score = score.nextDown }
    return min(score, threshold)
  }
}

/// Width and height in pixels, as a JSON object.
package struct ImageSize: Encodable, Sendable {
  package let width: Int
  package let height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

private func rounded(_ value: Float, _ steps: Double) -> Double { (Double(value) * steps).rounded() / steps }

/// The model has no such class.
package struct UnknownClass: Error, Equatable, CustomStringConvertible {
  package let name: String
  /// The label that was possibly meant.
  package let nearest: String?

  package var description: String {
    "no class is called '\(name)'" + (nearest.map { "; did you mean '\($0)'?" } ?? "")
  }
}

extension Model {
  /// The names in `person, dog,2`.
  package static func classNames(in list: String) -> [String] {
    list.split(separator: ",").map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }.filter { !$0.isEmpty }
  }

  /// Class indices of names such as `person` and `2`.
  package func classIDs(named names: [String]) throws(UnknownClass) -> Set<Int> {
    var ids: Set<Int> = []
    for name in names {
      if let id = labels.firstIndex(of: name) {
        ids.insert(id)
      } else if let id = Int(name), labels.indices.contains(id) {
        ids.insert(id)
      } else {
        throw UnknownClass(name: name, nearest: nearestName(to: name, among: labels))
      }
    }
    return ids
  }
}
