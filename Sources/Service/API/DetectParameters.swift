import YOLOX

/// What a caller asks for beside the pictures: in the query, as fields of a form, or as members of a JSON object.
struct DetectParameters: Sendable {
  /// Why a parameter was not taken. Names it, so that the caller finds it.
  enum Invalid: Error, Equatable, Sendable {
    case unknown(name: String)
    case twice(name: String)
    case value(name: String, value: String, expected: String)
  }

  enum Name: String, CaseIterable, Sendable {
    case scoreThreshold = "score_threshold"
    case nmsThreshold = "nms_threshold"
    case maxDetections = "max_detections"
    case classes
    case classAgnostic = "class_agnostic"
    case model
  }

  static let mostDetections = 1000

  private(set) var modelName: String?
  private var settings = DetectionOptions()
  /// Names or indices: what they are, a model's labels tell.
  private var classes: [String]?

  init(_ parameters: [(name: String, value: JSONValue)]) throws(Invalid) {
    var seen: Set<Name> = []
    for (text, value) in parameters {
      guard let name = Name(rawValue: text) else { throw .unknown(name: text) }
      guard seen.insert(name).inserted else { throw .twice(name: text) }
      if value != .null { try take(value, for: name) }
    }
  }

  private mutating func take(_ value: JSONValue, for name: Name) throws(Invalid) {
    func invalid(_ expected: String) -> Invalid {
      .value(name: name.rawValue, value: value.excerpt, expected: expected)
    }
    func fraction() throws(Invalid) -> Float {
      guard let number = value.number, (0...1).contains(number) else { throw invalid("a number from 0 to 1") }
      return Float(number)
    }
    switch name {
    case .scoreThreshold: settings.scoreThreshold = try fraction()
    case .nmsThreshold: settings.nmsThreshold = try fraction()
    case .maxDetections:
      guard let count = value.number.flatMap(Int.init(exactly:)),
        (1...DetectParameters.mostDetections).contains(count)
      else { throw invalid("a number from 1 to \(DetectParameters.mostDetections)") }
      settings.maxDetections = count
    case .classes:
      guard let names = DetectParameters.classNames(value) else { throw invalid("labels or class indices") }
      classes = names
    case .classAgnostic:
      guard let flag = value.flag else { throw invalid("true or false") }
      settings.classAgnostic = flag
    case .model:
      guard case .text(let text) = value, !text.isEmpty else { throw invalid("the name of a model") }
      modelName = text
    }
  }

  /// `dog,cat,2` or `["dog", 2]`.
  private static func classNames(_ value: JSONValue) -> [String]? {
    switch value {
    case .text(let text): Model.classNames(in: text)
    case .number(let number): Int(exactly: number).map { ["\($0)"] }
    case .list(let values):
      values.reduce([]) { names, value in
        switch value {
        case .text(let text): names.map { $0 + [text] }
        case .number(let number): Int(exactly: number).flatMap { index in names.map { $0 + ["\(index)"] } }
        default: nil
        }
      }
    default: nil
    }
  }

  func options(for model: Model) throws(Invalid) -> DetectionOptions {
    guard let classes else { return settings }
    var options = settings
    do { options.classes = try model.classIDs(named: classes) } catch {
      throw .value(
        name: Name.classes.rawValue, value: classes.joined(separator: ","),
        expected: "labels or class indices; \(error)")
    }
    return options
  }
}
