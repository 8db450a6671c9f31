import HTTPServer
import YOLOX

/// What a caller asked for beside the picture, as parameters of the query.
struct DetectQuery: Sendable {
  /// Why a parameter was not taken. Names it, so that the caller finds it.
  enum Invalid: Error, Equatable, Sendable {
    case unknown(name: String)
    case twice(name: String)
    case value(name: String, value: String, expected: String)
  }

  private(set) var options = DetectionOptions()

  static let names = ["score_threshold", "nms_threshold", "max_detections", "classes", "class_agnostic"]
  static let mostDetections = 1000

  init(_ parameters: [RequestTarget.Parameter], model: Model) throws(Invalid) {
    var seen: Set<String> = []
    for (name, value) in parameters.map({ ($0.name, $0.value) }) {
      guard DetectQuery.names.contains(name) else { throw .unknown(name: name) }
      guard seen.insert(name).inserted else { throw .twice(name: name) }
      switch name {
      case "score_threshold": options.scoreThreshold = try fraction(name, value)
      case "nms_threshold": options.nmsThreshold = try fraction(name, value)
      case "max_detections":
        guard let count = Int(value), (1...DetectQuery.mostDetections).contains(count) else {
          throw .value(name: name, value: value, expected: "a number from 1 to \(DetectQuery.mostDetections)")
        }
        options.maxDetections = count
      case "classes":
        do { options.classes = try model.classIDs(named: value) } catch {
          throw .value(name: name, value: value, expected: "labels or class indices with commas; \(error)")
        }
      default:
        guard let flag = ["true": true, "1": true, "false": false, "0": false][value.lowercased()] else {
          throw .value(name: name, value: value, expected: "true or false")
        }
        options.classAgnostic = flag
      }
    }
  }
}

/// A number from 0 to 1.
private func fraction(_ name: String, _ value: String) throws(DetectQuery.Invalid) -> Float {
  guard let number = Float(value), (0...1).contains(number) else {
    throw .value(name: name, value: value, expected: "a number from 0 to 1")
  }
  return number
}
