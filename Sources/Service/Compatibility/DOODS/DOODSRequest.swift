import YOLOX

/// "Detect Request" of DOODS2 (its README and odrpc.py). What is for streams only is let pass.
package struct DOODSRequest: Decodable, Sendable {
  /// From which confidence on, 0...100, a label is wanted; `*` stands for those that are not named.
  typealias Wishes = [String: Double]

  struct Region: Decodable, Sendable {
    let id: String?
    /// Of the picture's height and width, 0...1.
    let top: Double
    let left: Double
    let bottom: Double
    let right: Double
    let detect: Wishes
    /// Whether an object must lie in the region as a whole; else any part of it will do.
    let covers: Bool?

    func fits(_ found: DOODSDetection) -> Bool {
      if covers ?? false {
        return top <= found.top && left <= found.left && bottom >= found.bottom && right >= found.right
      }
      return found.top <= bottom && found.left <= right && found.bottom >= top && found.right >= left
    }
  }

  let id: String?
  let detectorName: String?
  /// A picture in base64.
  let data: String?
  /// In which form to give the picture with the boxes drawn: `jpeg`, `png`; empty for not at all.
  let image: String?
  let preprocess: [String]?
  let detect: Wishes?
  let regions: [Region]?

  private enum CodingKeys: String, CodingKey {
    case id, data, image, preprocess, detect, regions
    case detectorName = "detector_name"
  }

  /// The lowest score, 0...1, that any wish lets pass; `nil` if nothing is wished for.
  package var lowestScore: Float? {
    let wishes = [detect ?? [:]] + (regions ?? []).map(\.detect)
    return wishes.flatMap(\.values).min().map { Float(min(max($0 / 100, 0), 1)) }
  }

  /// The detection as it is given, if it is wanted: the picture's wishes come first, then the regions in their order
  /// (doods.py, filter_detections).
  package func wanted(_ found: DOODSDetection) -> DOODSDetection? {
    let wishes = detect ?? [:]
    if DOODSRequest.isWished(found, by: wishes) { return found }
    guard
      let region = (regions ?? []).first(where: {
        $0.fits(found) && DOODSRequest.isWished(found, by: $0.detect)
      })
    else { return nil }
    var found = found
    found.regionID = region.id
    return found
  }

  /// A label that is named is not asked for by `*`.
  private static func isWished(_ found: DOODSDetection, by wishes: Wishes) -> Bool {
    guard let least = wishes[found.label] ?? wishes["*"] else { return false }
    return found.confidence >= least
  }
}

/// An object as DOODS2 gives it: a box in fractions of the picture, confidence in percent.
package struct DOODSDetection: Encodable, Sendable {
  package fileprivate(set) var regionID: String?
  let top: Double
  let left: Double
  let bottom: Double
  let right: Double
  let label: String
  let confidence: Double

  private enum CodingKeys: String, CodingKey {
    case top, left, bottom, right, label, confidence
    case regionID = "region_id"
  }

  package init(_ detection: Detection, label: String, width: Int, height: Int) {
    top = Double(detection.box.y1) / Double(height)
    left = Double(detection.box.x1) / Double(width)
    bottom = Double(detection.box.y2) / Double(height)
    right = Double(detection.box.x2) / Double(width)
    self.label = label
    confidence = Double(detection.score) * 100
  }
}

struct DOODSAnswer: Encodable, Sendable {
  var id: String?
  /// In base64.
  var image: String?
  let detections: [DOODSDetection]
  /// Milliseconds.
  var duration: Double?
  var error: String?
}

struct DOODSDetectors: Encodable {
  struct Detector: Encodable {
    let name: String
    var type = "yolox"
    let model: String
    let labels: [String]
    let width: Int
    let height: Int
  }

  let detectors: [Detector]
}
