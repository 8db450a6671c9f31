import Checkpoints
import Engine
import Imaging

/// A loaded weights file: its network, classes and preprocessing, and all tensors by their names in the authors' state_dict.
package struct PretrainedWeights: Sendable {
  package let architecture: Architecture
  package let classCount: Int
  /// One for each class.
  package private(set) var labels: [String]
  package private(set) var inputSize: InputSize
  package private(set) var preprocessing: Preprocessing
  package let parameters: Parameters
  package let format: Checkpoint.Format
  /// Present in files that `yolox weights quantize` wrote.
  package let calibration: Calibration?
  /// What was decided without being told, and what its owner should know; a line each.
  package var notices: [String] { warnings + [preprocessingNotice].compactMap(\.self) }
  private let warnings: [String]
  private var preprocessingNotice: String?
  /// An SPDX identifier, of our own files that say it.
  package let license: String?

  /// Reads ONNX, PyTorch or safetensors; the format is detected from the bytes.
  ///
  /// - Parameters:
  ///   - activation: of a checkpoint that does not say; an ONNX file does.
  ///   - batchNormalizationEpsilon: with which a checkpoint was trained, where it is not the authors' 1e-3.
  /// - Throws: ``ModelError`` if the file cannot be read, is damaged, or is not a YOLOX network.
  package init(
    contentsOf path: String, activation: Activation? = nil, batchNormalizationEpsilon: Float? = nil
  ) throws(ModelError) {
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(path) } catch { throw .unreadable(error) }
    try self.init(
      checkpoint, activation: activation, batchNormalizationEpsilon: batchNormalizationEpsilon)
  }

  package init(
    _ checkpoint: Checkpoint, activation: Activation? = nil, batchNormalizationEpsilon: Float? = nil
  ) throws(ModelError) {
    format = checkpoint.format
    warnings = checkpoint.network?.warnings ?? []
    let metadata = ModelMetadata(checkpoint.metadata)
    var fixedSize: InputSize?
    var statedPreprocessing = try metadata.preprocessing()

    if let network = checkpoint.network {
      let export = try RecognizedExport(network)
      if let activation, activation != export.architecture.activation {
        throw .unusable(
          "the file computes \(export.architecture.activation.name); an activation can be given only for checkpoints that do not say theirs"
        )
      }
      (architecture, classCount, parameters) = (export.architecture, export.classCount, export.parameters)
      fixedSize = export.inputSize
      statedPreprocessing = statedPreprocessing ?? export.preprocessing
    } else {
      guard var tensors = StateDictNames.canonical(checkpoint.tensors),
        let inferred = Architecture.inferred(fromNamed: tensors.mapValues(\.shape))
      else {
        throw .notYOLOX(tensors: checkpoint.tensors.count, example: checkpoint.tensors.keys.min())
      }
      let stated = try metadata.activation()
      if let batchNormalizationEpsilon { tensors.changeEpsilon(from: batchNormalizationEpsilon) }
      architecture =
        (stated ?? activation).map { inferred.architecture.with(activation: $0) } ?? inferred.architecture
      classCount = inferred.classCount
      parameters = try Graph.yolox(architecture, classCount: classCount)
        .parameters(from: tensors, model: architecture.modelName)
    }
    try parameters.checkFinite()

    calibration = Calibration(tensors: checkpoint.tensors, metadata: checkpoint.metadata)
    license = metadata.license
    let statedLabels = try metadata.labels(classCount: classCount)
    labels = statedLabels ?? ModelMetadata.defaultLabels(classCount: classCount)
    let statedSize = try metadata.inputSize()
    inputSize = fixedSize ?? statedSize ?? architecture.defaultInputSize

    let magnitude = parameters.stemMagnitude(of: architecture)
    let likely: Preprocessing = magnitude > PretrainedWeights.legacyMagnitude ? .legacy : .standard
    preprocessing = statedPreprocessing ?? likely
    if statedPreprocessing == nil, likely == .legacy {
      preprocessingNotice =
        "taken for weights of the legacy kind (normalised RGB): the first convolution's weights are \(Int(min(magnitude / 0.5, 1e9))) times as large as those for 0...255; --preprocessing standard overrides it"
    } else if likely != preprocessing {
      preprocessingNotice =
        "the file says '\(preprocessing.rawValue)' preprocessing, but its first convolution looks like '\(likely.rawValue)'; check its boxes"
    }
  }

  /// The same weights with what their owner says of them.
  package func overriding(
    labels: [String]? = nil, inputSize: InputSize? = nil, preprocessing: Preprocessing? = nil
  ) throws(ModelError) -> PretrainedWeights {
    var weights = self
    if let labels {
      guard labels.count == classCount else { throw .labelCount(labels: labels.count, classes: classCount) }
      weights.labels = labels
    }
    weights.inputSize = inputSize ?? self.inputSize
    if let preprocessing {
      weights.preprocessing = preprocessing
      // The owner has decided.
      weights.preprocessingNotice = nil
    }
    return weights
  }

  /// Between what the first convolution's weights sum up to in standard files (0.06 to 1.03) and in legacy ones (about
  /// 33: numbers are divided by 255 and by ImageNet's deviation).
  private static let legacyMagnitude: Float = 6
}

extension Parameters {
  /// Makes normalisations by `epsilon` the same with ours: `gamma / sqrt(variance + epsilon)` stays what it is.
  fileprivate mutating func changeEpsilon(from epsilon: Float) {
    for (name, variance) in self where name.hasSuffix(".bn.running_var") {
      let scale = name.dropLast("running_var".count) + "weight"
      guard let gamma = self[String(scale)], gamma.count == variance.count else { continue }
      let values = zip(gamma.values, variance.values).map { gamma, variance in
        gamma * ((variance + batchNormalizationEpsilon) / (variance + epsilon)).squareRoot()
      }
      self[String(scale)] = Tensor(shape: gamma.shape, values: values)
    }
  }

  /// - Throws: ``ModelError/notFinite(_:)``, naming the tensors.
  fileprivate func checkFinite() throws(ModelError) {
    let broken = filter { name, tensor in
      // A variance below zero has no root.
      let lowest: Float = name.hasSuffix(".running_var") ? 0 : -.greatestFiniteMagnitude
      return tensor.values.contains { !($0 >= lowest && $0 <= .greatestFiniteMagnitude) }
    }
    guard broken.isEmpty else { throw .notFinite(broken.keys.sorted()) }
  }

  /// The absolute weights that lead to an output channel of the first convolution, summed up; on average over those
  /// channels, with the normalisation folded in.
  fileprivate func stemMagnitude(of architecture: Architecture) -> Float {
    let path = "backbone.backbone.stem." + (architecture.backbone == .darknet53 ? "0" : "conv")
    guard let weight = self[path + ".conv.weight"], let channels = weight.shape.first, channels > 0 else {
      return 0
    }
    let perChannel = weight.count / channels
    var sum: Float = 0
    for channel in 0..<channels {
      var scale: Float = 1
      if let gamma = self[path + ".bn.weight"]?.values, let variance = self[path + ".bn.running_var"]?.values
      {
        scale = abs(gamma[channel]) / (variance[channel] + batchNormalizationEpsilon).squareRoot()
      }
      sum +=
        scale * weight.values[channel * perChannel..<(channel + 1) * perChannel].reduce(0) { $0 + abs($1) }
    }
    return sum / Float(channels)
  }
}

extension Graph {
  /// Selects from `tensors` the weights of this network; drops those that only training uses (`num_batches_tracked`).
  fileprivate func parameters(from tensors: Parameters, model: String) throws(ModelError) -> Parameters {
    // A checkpoint with folded normalisation has a bias for each convolution instead of the four BatchNorm tensors.
    let isFolded = !tensors.keys.contains { $0.hasSuffix(".running_mean") }
    let expected = isFolded ? foldedParameterShapes : parameterShapes
    var parameters: Parameters = [:]
    var missing: [String] = []
    var wronglyShaped: [String] = []
    for (name, shape) in expected {
      guard let tensor = tensors[name] else {
        missing.append(name)
        continue
      }
      if tensor.shape == shape {
        parameters[name] = tensor
      } else {
        wronglyShaped.append("\(name) is \(tensor.shape) instead of \(shape)")
      }
    }
    guard missing.isEmpty, wronglyShaped.isEmpty else {
      throw .mismatch(model: model, missing: missing, wronglyShaped: wronglyShaped)
    }
    return parameters
  }

  /// As ``parameterShapes`` once every BatchNorm is folded into its convolution: a weight and a bias for each.
  private var foldedParameterShapes: [(name: String, shape: [Int])] {
    convolutionShapes.flatMap { [($0.path + ".weight", $0.shape), ($0.path + ".bias", [$0.shape[0]])] }
  }
}
