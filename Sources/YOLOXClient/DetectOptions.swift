import Foundation

/// What is asked for beside the pictures. What is `nil` the service chooses; docs/api.md has its defaults.
public struct DetectOptions: Hashable, Sendable {
  /// Detections below this score are not given, 0...1.
  public var scoreThreshold: Double?
  /// Two boxes of a class that overlap by more than this IoU count as one object, 0...1.
  public var nmsThreshold: Double?
  /// The best so many are given.
  public var maxDetections: Int?
  /// Labels or class indices; `nil` for all.
  public var classes: [String]?
  /// Whether boxes of different classes suppress each other.
  public var classAgnostic: Bool?
  /// The name of a served model.
  public var model: String?
  /// How long the answer is worth waiting for: after that, the service does not begin with it.
  public var timeout: Duration?

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

  /// An address with the options as its query.
  package func added(to url: URL) -> URL {
    guard !queryItems.isEmpty, var components = URLComponents(url: url, resolvingAgainstBaseURL: false)
    else { return url }
    components.queryItems = queryItems
    // URLComponents leaves a plus as it is, which services read as a space, as HTML forms have it.
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
