import Engine
import YOLOX

/// A model as `/v1/models` describes it. All members but the name and the state are present only while it is loaded.
struct ModelDescription: Encodable {
  enum State: String, Encodable { case loaded, unloaded }

  let name: String
  let state: State
  /// What users of the model must know.
  var note: String?
  var variant: String?
  /// In pixels.
  var input: ImageSize?
  var classes: [String]?
  var parameters: Int?
  /// Of the file of the weights.
  var sha256: String?
  var precision: String?
  var queueLimit: Int?
  /// Of weights and feature maps.
  var memoryBytes: Int?

  private enum CodingKeys: String, CodingKey {
    case name, state, note, variant, precision, input, parameters
    case queueLimit = "queue_limit"
    case memoryBytes = "memory_bytes"
    case sha256, classes
  }

  init(unloaded name: String) { (self.name, state) = (name, .unloaded) }

  init(_ detector: Detector, name: String) {
    let model = detector.model
    self.name = name
    state = .loaded
    note = model.note
    variant = Variant(model.architecture)?.rawValue ?? "custom"
    input = ImageSize(width: model.inputSize.width, height: model.inputSize.height)
    classes = model.labels
    parameters = model.parameterCount
    sha256 = model.sha256
    precision = model.plan.precision.rawValue
    queueLimit = detector.queueLimit
    memoryBytes = detector.memoryBytes
  }
}

struct ModelList: Encodable {
  let models: [ModelDescription]
}
