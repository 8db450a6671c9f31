import HTTPTypes
import YOLOX

/// The parameters of a detection: from the query, from fields of a form, or from members of a JSON object.
package struct DetectParameters: Sendable {
  /// Why a parameter was rejected.
  package enum Invalid: Error, Equatable, Sendable {
    case unknown(name: String)
    case repeated(name: String)
    case value(name: String, value: String, expected: String)
  }

  /// The one list of parameters. Tests compare the API description and YOLOXClient with it.
  package enum Name: String, CaseIterable, Sendable {
    case scoreThreshold = "score_threshold"
    case nmsThreshold = "nms_threshold"
    case maxDetections = "max_detections"
    case classes
    case classAgnostic = "class_agnostic"
    case model
    case format
    case profile
    case slices
    case sliceSize = "slice_size"
    case sliceOverlap = "slice_overlap"
    case sliceMerge = "slice_merge"
    case sliceMetric = "slice_metric"
    case sliceThreshold = "slice_threshold"
    case scoreThresholds = "score_thresholds"
    case minBoxSize = "min_box_size"
    case maxBoxSize = "max_box_size"
    case includeZones = "include_zones"
    case excludeZones = "exclude_zones"
    case zoneMatch = "zone_match"
  }

  package static let maxDetections = 1000
  /// Bounds a list of classes before the model, which has fewer, is known.
  static let maxClasses = 1024
  /// Longest text of a parameter, in bytes: room for a list of many classes.
  static let maxLength = 16 << 10

  private(set) var modelName: String?
  /// Of the response; `nil` leaves it to Accept.
  private(set) var format: Representation?
  private(set) var profileName: String?
  private(set) var slicing = Slices()
  private var filters = Filters()
  /// All parameters, where a profile adds to them; else none.
  private(set) var given: [(name: String, value: JSONValue)] = []
  private var options = DetectionOptions()
  /// Labels or indices, which the model resolves.
  private var classes: [String]?

  /// - Parameter excluded: parameters that the API has no use for, and that are unknown there.
  package init(
    _ parameters: [(name: String, value: JSONValue)], without excluded: Set<Name> = []
  ) throws(Invalid) {
    var seen: Set<Name> = []
    for (text, value) in parameters {
      guard let name = Name(rawValue: text), !excluded.contains(name) else { throw .unknown(name: text) }
      guard seen.insert(name).inserted else { throw .repeated(name: text) }
      if case .string(let text) = value, text.utf8.count > DetectParameters.maxLength {
        throw .value(
          name: name.rawValue, value: text, expected: "at most \(DetectParameters.maxLength) bytes")
      }
      if value != .null { try set(name, value) }
    }
    if profileName != nil { given = parameters.filter { $0.value != .null } }
  }

  private mutating func set(_ name: Name, _ value: JSONValue) throws(Invalid) {
    func invalid(_ expected: String) -> Invalid {
      .value(name: name.rawValue, value: value.excerpt, expected: expected)
    }
    func fraction() throws(Invalid) -> Float {
      guard let number = value.number, (0...1).contains(number) else { throw invalid("a number from 0 to 1") }
      return Float(number)
    }
    switch name {
    case .scoreThreshold: options.scoreThreshold = try fraction()
    case .nmsThreshold: options.nmsThreshold = try fraction()
    case .maxDetections:
      guard let count = value.number.flatMap(Int.init(exactly:)),
        (1...DetectParameters.maxDetections).contains(count)
      else { throw invalid("an integer from 1 to \(DetectParameters.maxDetections)") }
      options.maxDetections = count
    case .classes:
      guard let names = DetectParameters.classNames(value) else { throw invalid("labels or class indices") }
      // An empty list, as forms send it for an empty field, selects nothing less than all.
      classes = names.isEmpty ? nil : names
    case .classAgnostic:
      guard let bool = value.bool else { throw invalid("true or false") }
      options.classAgnostic = bool
    case .model:
      guard case .string(let name) = value, !name.isEmpty else { throw invalid("the name of a model") }
      modelName = name
    case .format:
      guard case .string(let text) = value, let format = Representation(format: text) else {
        throw invalid(Representation.formats.joined(separator: ", "))
      }
      self.format = format
    case .profile:
      guard case .string(let name) = value, !name.isEmpty else { throw invalid("the name of a profile") }
      profileName = name
    case _ where Slices.names.contains(name): try slicing.set(name, value)
    default: try filters.set(name, value)
    }
  }

  /// `dog,cat,2` or `["dog", 2]`.
  private static func classNames(_ value: JSONValue) -> [String]? {
    switch value {
    case .string(let text): Model.classNames(in: text)
    case .number(let number): Int(exactly: number).map { ["\($0)"] }
    case .array(let values): classNames(values)
    default: nil
    }
  }

  private static func classNames(_ values: [JSONValue]) -> [String]? {
    var names: [String] = []
    names.reserveCapacity(values.count)
    for value in values {
      switch value {
      case .string(let text): names.append(text)
      case .number(let number):
        guard let index = Int(exactly: number) else { return nil }
        names.append("\(index)")
      default: return nil
      }
    }
    return names
  }

  /// - Throws: `invalid-parameter` if a parameter needs another one beside it.
  package func slices() throws(Problem) -> SliceOptions? {
    do throws(Invalid) { return try slicing.options() } catch { throw Problem(error) }
  }

  /// - Parameter roundsScores: whether the response rounds scores. A threshold that equals a score in a response keeps that
  ///   detection.
  /// - Throws: `invalid-parameter` if the model has no such class.
  package func options(for model: Model, roundsScores: Bool = true) throws(Problem) -> DetectionOptions {
    var options = options
    if !filters.boxes.isEmpty { options.filter = filters.boxes }
    do { options.scoreThresholds = try filters.scoreThresholds(for: model) } catch { throw Problem(error) }
    if roundsScores {
      options.scoreThreshold = LabelledDetection.minScore(reportedAtLeast: options.scoreThreshold)
      options.scoreThresholds = options.scoreThresholds.mapValues(LabelledDetection.minScore)
    }
    guard let classes else { return options }
    guard classes.count <= model.labels.count else {
      throw Problem(
        Invalid.value(
          name: Name.classes.rawValue, value: "a list of \(classes.count)",
          expected: "at most \(model.labels.count), the number of the model's classes"))
    }
    do { options.classes = try model.classIDs(named: classes) } catch {
      throw Problem(
        Invalid.value(
          name: Name.classes.rawValue, value: classes.prefix(5).joined(separator: ","),
          expected: "labels or class indices; no class is called '\(error.name.excerpt)'"))
    }
    return options
  }
}

extension Problem {
  package init(_ error: DetectParameters.Invalid) {
    let detail =
      switch error {
      case .unknown(let name):
        "Unknown parameter '\(name.excerpt)'; known are "
          + DetectParameters.Name.allCases.map(\.rawValue).joined(separator: ", ") + "."
      case .repeated(let name): "The parameter '\(name.excerpt)' is repeated."
      case .value(let name, let value, let expected):
        "The parameter '\(name.excerpt)' is '\(value.excerpt)'; expected \(expected)."
      }
    self.init("invalid-parameter", "Invalid parameter", .badRequest, detail)
  }
}
