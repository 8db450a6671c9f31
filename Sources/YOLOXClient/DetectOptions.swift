import Foundation

/// Options of a detection request. The service uses its default for each option that is `nil`.
public struct DetectOptions: Hashable, Sendable {
  /// Minimum score of a detection, in 0...1.
  public var scoreThreshold: Double?
  /// IoU threshold of non-maximum suppression, in 0...1: of two boxes that overlap by more, the one with the lower score is
  /// dropped.
  public var nmsThreshold: Double?
  /// Maximum number of detections in an image; those with the highest scores are kept.
  public var maxDetections: Int?
  /// Labels or indices of the classes to detect.
  public var classes: [String]?
  /// Whether non-maximum suppression also applies between boxes of different classes.
  public var classAgnostic: Bool?
  /// Name of the model. The default is the first one that the service lists.
  public var model: String?
  /// Deadline of the request, counted by the service from its arrival. After it, the service responds with 504.
  public var timeout: Duration?

  /// Name of a profile of the service, whose parameters apply where these options do not set them.
  public var profile: String?

  /// Detect in a grid of overlapping tiles too, as columns x rows: `2x2`.
  public var slices: String?
  /// Detect in tiles of this size too, in pixels: `640` or `640x480`. Instead of ``slices``.
  public var sliceSize: String?
  /// The part of a tile that the next one covers too, in 0...0.9.
  public var sliceOverlap: Double?
  /// How boxes of different tiles are merged.
  public var sliceMerge: SliceMerge?
  /// How much two boxes of different tiles overlap.
  public var sliceMetric: SliceMetric?
  /// The overlap from which boxes of different tiles are merged, in 0...1.
  public var sliceThreshold: Double?

  /// Minimum scores by label or index, instead of ``scoreThreshold``.
  public var scoreThresholds: [String: Double]?
  /// Minimum width and height of boxes: pixels such as `32` or `32x64`, or percent of the image's sides such as `5%`.
  public var minBoxSize: String?
  /// Maximum width and height of boxes, as ``minBoxSize``.
  public var maxBoxSize: String?
  /// Boxes must lie in one of these.
  public var includeZones: [Zone]?
  /// Boxes must lie in none of these.
  public var excludeZones: [Zone]?
  /// What of a box must lie in a zone.
  public var zoneMatch: ZoneMatch?

  /// Creates options; each one that is left out is `nil`.
  public init(
    scoreThreshold: Double? = nil, nmsThreshold: Double? = nil, maxDetections: Int? = nil,
    classes: [String]? = nil, classAgnostic: Bool? = nil, model: String? = nil, timeout: Duration? = nil
  ) {
    self.scoreThreshold = scoreThreshold
    self.nmsThreshold = nmsThreshold
    self.maxDetections = maxDetections
    self.classes = classes
    self.classAgnostic = classAgnostic
    self.model = model
    self.timeout = timeout
  }

  /// `url` with the options as its query.
  ///
  /// - Parameter format: of the response. `nil` is JSON.
  package func appended(to url: URL, format: ImageFormat? = nil) -> URL {
    let queryItems = queryItems + (format.map { [URLQueryItem(name: "format", value: $0.rawValue)] } ?? [])
    guard !queryItems.isEmpty, var components = URLComponents(url: url, resolvingAgainstBaseURL: false)
    else { return url }
    components.queryItems = queryItems
    // URLComponents does not encode a plus, which services decode as a space, as in HTML forms.
    let query = components.percentEncodedQuery
    components.percentEncodedQuery = query?.replacing("+", with: "%2B")
    return components.url ?? url
  }

  private var queryItems: [URLQueryItem] {
    let values: [(name: String, value: String?)] =
      [
        ("score_threshold", scoreThreshold.map { "\($0)" }),
        ("nms_threshold", nmsThreshold.map { "\($0)" }),
        ("max_detections", maxDetections.map { "\($0)" }),
        ("classes", classes?.joined(separator: ",")),
        ("class_agnostic", classAgnostic.map { "\($0)" }),
        ("model", model),
      ] + cameraValues
    return values.compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
  }

  private var cameraValues: [(name: String, value: String?)] {
    [
      ("profile", profile), ("slices", slices), ("slice_size", sliceSize),
      ("slice_overlap", sliceOverlap.map { "\($0)" }), ("slice_merge", sliceMerge?.rawValue),
      ("slice_metric", sliceMetric?.rawValue), ("slice_threshold", sliceThreshold.map { "\($0)" }),
      ("score_thresholds", scoreThresholds?.map { "\($0):\($1)" }.sorted().joined(separator: ",")),
      ("min_box_size", minBoxSize), ("max_box_size", maxBoxSize),
      ("include_zones", includeZones?.map(\.text).joined(separator: ";")),
      ("exclude_zones", excludeZones?.map(\.text).joined(separator: ";")),
      ("zone_match", zoneMatch?.text),
    ]
  }
}
