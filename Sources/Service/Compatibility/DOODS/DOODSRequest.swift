import YOLOX

/// "Detect Request" of DOODS2 (its README and odrpc.py). Members for streams are ignored.
package struct DOODSRequest: Sendable {
  /// The minimum confidence by label, 0...100; `*` applies to labels that are not named.
  typealias Thresholds = [String: Double]

  /// The score below which DOODS2's YOLO detectors report nothing, whatever the request's thresholds: detectors/yolo.py calls
  /// Ultralytics' `predict`, and detectors/pytorch.py a YOLOv5 of torch.hub, with the default `conf` of 0.25. Clients such as
  /// Home Assistant send 0 if their users set no confidence.
  static let floor: Float = 0.25

  /// Every region is asked about every detection.
  static let maxRegions = 64

  struct Region: Sendable {
    var id: String?
    var box: NormalizedBox
    var detect: Thresholds
    /// Whether an object must lie wholly in the region. Otherwise overlap is enough.
    var covers = false

    func contains(_ detection: DOODSDetection) -> Bool {
      let found = NormalizedBox(
        left: detection.left, top: detection.top, right: detection.right, bottom: detection.bottom)
      return covers ? box.covers(found) : box.overlaps(found)
    }
  }

  private(set) var id: String?
  private(set) var detectorName: String?
  /// Decoded from base64.
  private(set) var data: [UInt8]?
  /// The format of the image with boxes drawn, `jpeg` or `png`; empty for none.
  private(set) var image: String?
  private var detect: Thresholds = [:]
  private var regions: [Region] = []

  var regionCount: Int { regions.count }

  /// The lowest of all thresholds as a score, 0...1; `nil` if the request has none.
  package var lowestThreshold: Float? {
    let thresholds = [detect] + regions.map(\.detect)
    return thresholds.flatMap(\.values).min().map { Float(min(max($0 / 100, 0), 1)) }
  }

  /// Applies the image's thresholds, then the regions' in their order (doods.py, filter_detections).
  ///
  /// - Returns: `nil` if no thresholds select the detection.
  package func select(_ detection: DOODSDetection) -> DOODSDetection? {
    if DOODSRequest.passes(detection, detect) { return detection }
    guard
      let region = regions.first(where: {
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

// MARK: - JSON

extension DOODSRequest {
  package init(json body: [UInt8]) throws(Problem) {
    var reader = JSONReader(body[...])
    var request = DOODSRequest()
    try reader.document { reader, name throws(Problem) in
      if try reader.takeNull() { return }
      switch name {
      case "id": request.id = try reader.string()
      case "detector_name": request.detectorName = try reader.string()
      case "data":
        let text = try reader.stringBytes()
        request.data = try? Base64.decode(text)
      case "image": request.image = try reader.string()
      case "preprocess":
        try reader.array { _, _ throws(Problem) in throw .invalidBody("preprocess is not supported") }
      case "detect": request.detect = try DOODSRequest.thresholds(&reader)
      case "regions":
        try reader.array { reader, index throws(Problem) in
          guard index < DOODSRequest.maxRegions else {
            throw .invalidBody("the request has more than \(DOODSRequest.maxRegions) regions, the maximum")
          }
          request.regions.append(try Region(&reader))
        }
      default: try reader.skip()
      }
    }
    self = request
  }

  fileprivate static func thresholds(_ reader: inout JSONReader) throws(Problem) -> Thresholds {
    var thresholds: Thresholds = [:]
    try reader.object { reader, label throws(Problem) in thresholds[label] = try reader.number() }
    return thresholds
  }
}

extension DOODSRequest.Region {
  fileprivate init(_ reader: inout JSONReader) throws(Problem) {
    var (id, covers): (String?, Bool) = (nil, false)
    var sides: [String: Double] = [:]
    var thresholds: DOODSRequest.Thresholds?
    try reader.object { reader, name throws(Problem) in
      if try reader.takeNull() { return }
      switch name {
      case "id": id = try reader.string()
      case "top", "left", "bottom", "right": sides[name] = try reader.number()
      case "detect": thresholds = try DOODSRequest.thresholds(&reader)
      case "covers": covers = try reader.bool()
      default: try reader.skip()
      }
    }
    guard let top = sides["top"], let left = sides["left"], let bottom = sides["bottom"],
      let right = sides["right"], let thresholds
    else { throw .invalidBody("a region needs top, left, bottom, right and detect") }
    self.init(
      id: id, box: NormalizedBox(left: left, top: top, right: right, bottom: bottom), detect: thresholds,
      covers: covers)
  }
}

// MARK: - Responses

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
    let box = NormalizedBox(detection.box, width: width, height: height)
    (top, left, bottom, right) = (box.top, box.left, box.bottom, box.right)
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
