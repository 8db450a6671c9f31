import FoundationCompatibility
import HTTPServer
import YOLOX

/// The module of CodeProject.AI that this service presents itself as.
enum DeepStackModule {
  static let id = "ObjectDetectionYOLOX"
  static let name = "Object Detection (YOLOX)"
  static let queue = "objectdetection_queue"
  static let hostName = ProcessInfo.processInfo.hostName
}

/// Detections: DeepStack's fields (response.go, DetectionResponse) and those that CodeProject.AI adds (module_runner.py).
struct DeepStackDetections: Encodable {
  struct Prediction: Encodable {
    let label: String
    /// 0...1
    let confidence: Double
    /// In whole pixels of the image.
    let xMin: Int
    let yMin: Int
    let xMax: Int
    let yMax: Int

    enum CodingKeys: String, CodingKey {
      case label, confidence
      case xMin = "x_min"
      case yMin = "y_min"
      case xMax = "x_max"
      case yMax = "y_max"
    }

    init(_ detection: Detection, labels: [String]) {
      let found = LabelledDetection(detection, labels: labels)
      (label, confidence) = (found.label, found.score)
      (xMin, yMin) = (Int(found.box.x1), Int(found.box.y1))
      (xMax, yMax) = (Int(found.box.x2), Int(found.box.y2))
    }
  }

  var success = true
  var code = 200
  let message: String
  let count: Int
  /// By descending confidence: Frigate stops at the first one below its threshold.
  let predictions: [Prediction]
  let inferenceMs: Int
  /// All stages of the image, inference included.
  let processMs: Int
  let analysisRoundTripMs: Int
  /// The round trip in seconds, as DeepStack reports it.
  let duration: Double
  var moduleId = DeepStackModule.id
  var moduleName = DeepStackModule.name
  let command: String
  var inferenceDevice = "CPU"
  var executionProvider = "CPU"
  var canUseGPU = false
  var processedBy = "localhost"
  /// As C#'s format "R".
  var timestampUTC = HTTPDate.now()

  init(_ result: ImageResult, labels: [String], command: String, elapsed: Duration) {
    predictions = result.detections.map { Prediction($0, labels: labels) }
    count = predictions.count
    let first = predictions.prefix(3).map(\.label).joined(separator: ", ")
    message = count == 0 ? "No objects found" : "Found \(first)\(count > 3 ? "..." : "")"
    inferenceMs = result.timings.inference.wholeMilliseconds
    let timings = result.timings
    processMs =
      (timings.decode + timings.preprocess + timings.inference + timings.postprocess).wholeMilliseconds
    analysisRoundTripMs = elapsed.wholeMilliseconds
    duration = (elapsed.roundedMilliseconds * 1000).rounded() / 1e6
    self.command = command
  }
}

struct DeepStackError: Encodable {
  var success = false
  let error: String
  let code: Int
}

struct DeepStackModelList: Encodable {
  var success = true
  var code = 200
  let models: [String]
  var moduleId = DeepStackModule.id
  var moduleName = DeepStackModule.name
  var command = "list-custom"
}

/// The response to ping, version and updateavailable (ServerResponses.cs, VersionUpdateResponse).
struct DeepStackVersion: Encodable {
  struct Number: Encodable {
    let major: Int
    let minor: Int
    let patch: Int
    var preRelease = ""
    var securityUpdate = false
    var build = 0
    var file = ""
    var releaseNotes = ""

    /// Parses `1.2.3`; a part that is not a number becomes 0.
    init(_ text: String) {
      let parts = text.split(separator: ".").map { Int($0) ?? 0 } + [0, 0, 0]
      (major, minor, patch) = (parts[0], parts[1], parts[2])
    }
  }

  var success = true
  var code = 200
  var hostname = DeepStackModule.hostName
  let message: String
  let version: Number
  var updateAvailable: Bool?
  var latest: Number?
  var current: Number?
}

/// The response to analysis/list (ProcessStatus.cs).
struct DeepStackStatuses: Encodable {
  struct Status: Encodable {
    struct Details: Encodable {
      var inferenceDevice = "CPU"
      var inferenceLibrary = ""
      var canUseGPU = "false"
    }

    var moduleId = DeepStackModule.id
    var queue = DeepStackModule.queue
    var name = DeepStackModule.name
    let version: String
    /// `Starting`, `Started` or `Stopping`.
    let status: String
    var statusData = Details()
  }

  var success = true
  var code = 200
  var hostname = DeepStackModule.hostName
  let statuses: [Status]
}

extension Duration {
  fileprivate var wholeMilliseconds: Int { Int(roundedMilliseconds.rounded()) }
}
