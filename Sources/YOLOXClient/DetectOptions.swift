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
  package func appended(to url: URL) -> URL {
    guard !queryItems.isEmpty, var components = URLComponents(url: url, resolvingAgainstBaseURL: false)
    else { return url }
    components.queryItems = queryItems
    // URLComponents does not encode a plus, which services decode as a space, as in HTML forms.
    let query = components.percentEncodedQuery
    components.percentEncodedQuery = query?.replacing("+", with: "%2B")
    return components.url ?? url
  }

  private var queryItems: [URLQueryItem] {
    let values: [(name: String, value: String?)] = [
      ("score_threshold", scoreThreshold.map { "\($0)" }),
      ("nms_threshold", nmsThreshold.map { "\($0)" }),
      ("max_detections", maxDetections.map { "\($0)" }),
      ("classes", classes?.joined(separator: ",")),
      ("class_agnostic", classAgnostic.map { "\($0)" }),
      ("model", model),
    ]
    return values.compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
  }
}
