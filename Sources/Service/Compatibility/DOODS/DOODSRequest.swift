import YOLOX

/// "Detect Request" of DOODS2 (its README and odrpc.py). Members for streams are ignored.
package struct DOODSRequest: Decodable, Sendable {
  /// The minimum confidence by label, 0...100; `*` applies to labels that are not named.
  typealias Thresholds = [String: Double]

  struct Region: Decodable, Sendable {
    let id: String?
    /// Fractions of the image's height and width, 0...1.
    let top: Double
    let left: Double
    let bottom: Double
    let right: Double
    let detect: Thresholds
    /// Whether an object must lie wholly in the region. Otherwise overlap is enough.
    let covers: Bool?

    func contains(_ detection: DOODSDetection) -> Bool {
      if covers ?? false {
        return top <= detection.top && left <= detection.left && bottom >= detection.bottom
          && right >= detection.right
      }
      return detection.top <= bottom && detection.left <= right && detection.bottom >= top
        && detection.right >= left
    }
  }

  let id: String?
  let detectorName: String?
  /// The image in base64.
  let data: String?
  /// The format of the image with boxes drawn, `jpeg` or `png`; empty for none.
  let image: String?
  let preprocess: [String]?
  let detect: Thresholds?
  let regions: [Region]?

  private enum CodingKeys: String, CodingKey {
    case id, data, image, preprocess, detect, regions
    case detectorName = "detector_name"
  }

  /// The lowest of all thresholds as a score, 0...1; `nil` if the request has none.
  package var lowestThreshold: Float? {
    let thresholds = [detect ?? [:]] + (regions ?? []).map(\.detect)
    return thresholds.flatMap(\.values).min().map { Float(min(max($0 / 100, 0), 1)) }
  }

  /// Applies the image's thresholds, then the regions' in their order (doods.py, filter_detections).
  ///
  /// - Returns: `nil` if no thresholds select the detection.
  package func select(_ detection: DOODSDetection) -> DOODSDetection? {
    if DOODSRequest.passes(detection, detect ?? [:]) { return detection }
    guard
      let region = (regions ?? []).first(where: {
        $0.contains(detection) && DOODSRequest.passes(detection, $0.detect)
      })
    else { return nil }
    var detection = detection
    detection.regionID = region.id
    return detection
  }

  /// `*` does not apply to labels that are named.
  private static func passes(_ detection: DOODSDetection, _ thresholds: Thresholds) -> Bool {
    guard let threshold = thresholds[detection.label] ?? thresholds["*"] else { return false }
    return detection.confidence >= threshold
  }
}

/// A detection in DOODS2's format: the box in fractions of the image, the confidence in percent.
package struct DOODSDetection: Encodable, Sendable {
  package fileprivate(set) var regionID: String?
  let top: Double
  let left: Double
  let bottom: Double
  let right: Double
  let label: String
  let confidence: Double

  private enum CodingKeys: String, CodingKey {
    case regionID = "region_id"
    case label, confidence, top, left, bottom, right
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

struct DOODSResponse: Encodable, Sendable {
  var id: String?
  /// In base64.
  var image: String?
  let detections: [DOODSDetection]
  /// In milliseconds.
  var duration: Double?
  var error: String?

  private enum CodingKeys: CodingKey { case id, detections, duration, error, image }
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
