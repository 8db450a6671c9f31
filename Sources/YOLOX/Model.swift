import Engine
import Imaging

/// A network planned for one input size, and for smaller ones when images need them. Immutable; any number of predictors
/// share one.
package struct Model: Sendable {
  /// `yolox-nano`, or the caller's name.
  package let name: String
  package let architecture: Architecture
  /// By class index.
  package let labels: [String]
  package let inputSize: InputSize
  package let preprocessing: Preprocessing
  package let parameterCount: Int
  /// SHA-256 of the weights file in hexadecimal; `nil` for random weights.
  package let sha256: String?
  package let plan: Plan
  /// How JPEGs far larger than the input are decoded.
  package var scaledDecode = ScaledDecode.auto
  /// Shape of the network's input for each image.
  package var inputShape = InputShape.square
  /// What users of this model must know, for example that it is the demo network.
  package var note: String?
  let inputBuffers = InputBuffers()
  let resizedPlans = ResizedPlans()

  /// Plans the network of `weights`.
  ///
  /// - Parameters:
  ///   - inputSize: overrides the default of the weights.
  ///   - labels: overrides those of the file.
  ///   - preprocessing: overrides that of the file; ONNX and `.pth` files do not record legacy preprocessing.
  package init(
    _ weights: PretrainedWeights, name: String? = nil, sha256: String? = nil, inputSize: InputSize? = nil,
    labels: [String]? = nil, preprocessing: Preprocessing? = nil, options: PlanOptions = PlanOptions()
  ) throws(ModelError) {
    var options = options
    if let calibration = weights.calibration { options.ranges = calibration.ranges }
    try self.init(
      name: name ?? weights.architecture.modelName, architecture: weights.architecture,
      labels: labels ?? weights.labels, classCount: weights.classCount,
      inputSize: inputSize ?? weights.inputSize, preprocessing: preprocessing ?? weights.preprocessing,
      parameters: weights.parameters, sha256: sha256, options: options)
  }

  /// A network with random weights, for timing without a file.
  package static func random(
    _ variant: Variant, classCount: Int = 80, inputSize: InputSize? = nil,
    options: PlanOptions = PlanOptions()
  ) throws(ModelError) -> Model {
    let graph = Graph.yolox(variant.architecture, classCount: classCount)
    return try Model(
      name: variant.architecture.modelName, architecture: variant.architecture,
      labels: ModelMetadata.defaultLabels(classCount: classCount), classCount: classCount,
      inputSize: inputSize ?? variant.inputSize, preprocessing: .standard,
      parameters: graph.randomParameters(), sha256: nil, options: options)
  }

  private init(
    name: String, architecture: Architecture, labels: [String], classCount: Int, inputSize: InputSize,
    preprocessing: Preprocessing, parameters: Parameters, sha256: String?, options: PlanOptions
  ) throws(ModelError) {
    guard labels.count == classCount else {
      throw .labelCount(labels: labels.count, classes: classCount)
    }
    guard inputSize.isValid else { throw .inputSize(inputSize.description) }
    let graph = Graph.yolox(architecture, classCount: classCount)
    do {
      plan = try Plan(
        graph, parameters: parameters, height: inputSize.height, width: inputSize.width, options: options)
    } catch {
      throw .unplannable(error)
    }
    self.name = name
    self.architecture = architecture
    self.labels = labels
    self.inputSize = inputSize
    self.preprocessing = preprocessing
    self.parameterCount = graph.parameterCount
    self.sha256 = sha256
  }
}
