import Checkpoints
import Engine
import Imaging

/// A file of weights, read and understood: which network, which classes, how its images are prepared, and every
/// tensor under its name in the authors' state_dict.
package struct PretrainedWeights: Sendable {
  package let architecture: Architecture
  package let classCount: Int
  /// One for each class.
  package let labels: [String]
  package let inputSize: InputSize
  package let preprocessing: Preprocessing
  package let parameters: Parameters
  package let format: Checkpoint.Format
  /// Of our own files that were quantised.
  package let calibration: Calibration?
  /// An SPDX identifier, of our own files that say it.
  package let license: String?

  /// Reads ONNX, `.pth` or safetensors; which one is seen from the bytes.
  ///
  /// - Throws: ``ModelError`` if the file cannot be read, is damaged, or is not a YOLOX network.
  package init(contentsOf path: String) throws(ModelError) {
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(path) } catch { throw .unreadable(error) }
    try self.init(checkpoint)
  }

  package init(_ checkpoint: Checkpoint) throws(ModelError) {
    let inferred =
      if let graph = checkpoint.graph {
        Architecture.inferred(fromConvolutions: graph.convolutions.map(\.weight.shape))
      } else {
        Architecture.inferred(fromNamed: checkpoint.tensors.mapValues(\.shape))
      }
    guard let inferred else {
      throw .notYOLOX(tensors: checkpoint.tensors.count, example: checkpoint.tensors.keys.min())
    }
    architecture = inferred.architecture
    classCount = inferred.classCount
    format = checkpoint.format

    let graph = Graph.yolox(architecture, classCount: classCount)
    parameters =
      if let exported = checkpoint.graph {
        graph.parameters(fromConvolutions: exported.convolutions)
      } else {
        try graph.parameters(from: checkpoint.tensors, model: architecture.modelName)
      }

    calibration = Calibration(tensors: checkpoint.tensors, metadata: checkpoint.metadata)
    let metadata = ModelMetadata(checkpoint.metadata)
    license = metadata.license
    labels = try metadata.labels(classCount: classCount)
    inputSize = try metadata.inputSize() ?? checkpoint.fixedInputSize ?? architecture.defaultInputSize
    preprocessing = try metadata.preprocessing() ?? .standard
  }
}

extension Graph {
  /// Takes from `tensors` what this network reads, leaving what only training needs (`num_batches_tracked`).
  fileprivate func parameters(from tensors: Parameters, model: String) throws(ModelError) -> Parameters {
    // A checkpoint whose normalisation is folded has a bias for each convolution instead of the BatchNorm's four.
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

  /// Gives the nameless convolutions of an ONNX file, whose shapes are known to fit, their names.
  fileprivate func parameters(fromConvolutions convolutions: [Checkpoint.Convolution]) -> Parameters {
    var parameters: Parameters = [:]
    for (node, convolution) in zip(convolutionShapes, convolutions) {
      parameters[node.path + ".weight"] = convolution.weight
      parameters[node.path + ".bias"] =
        convolution.bias ?? Tensor(shape: [convolution.weight.shape[0]], repeating: 0)
    }
    return parameters
  }

  /// As ``parameterShapes`` once every BatchNorm is folded into its convolution: a weight and a bias for each.
  private var foldedParameterShapes: [(name: String, shape: [Int])] {
    convolutionShapes.flatMap { [($0.path + ".weight", $0.shape), ($0.path + ".bias", [$0.shape[0]])] }
  }
}

extension Checkpoint {
  /// Height and width of the input that an ONNX file was exported for; `nil` if it takes any.
  fileprivate var fixedInputSize: InputSize? {
    guard let shape = graph?.inputShape, shape.count == 4, let height = shape[2], let width = shape[3] else {
      return nil
    }
    let size = InputSize(height: height, width: width)
    return size.isValid ? size : nil
  }
}
