import Checkpoints
import Engine
import Imaging

/// A loaded weights file: its network, classes and preprocessing, and all tensors by their names in the authors' state_dict.
package struct PretrainedWeights: Sendable {
  package let architecture: Architecture
  package let classCount: Int
  /// One for each class.
  package let labels: [String]
  package let inputSize: InputSize
  package let preprocessing: Preprocessing
  package let parameters: Parameters
  package let format: Checkpoint.Format
  /// Present in files that `yolox weights quantize` wrote.
  package let calibration: Calibration?

  /// Reads ONNX, `.pth` or safetensors. The format is detected from the bytes.
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
    labels = try metadata.labels(classCount: classCount)
    inputSize = try metadata.inputSize() ?? checkpoint.fixedInputSize ?? architecture.defaultInputSize
    preprocessing = try metadata.preprocessing() ?? .standard
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

  /// Names the convolutions of an ONNX file, whose shapes have already been matched.
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
  /// Input height and width of an ONNX export; `nil` if dynamic.
  fileprivate var fixedInputSize: InputSize? {
    guard let shape = graph?.inputShape, shape.count == 4, let height = shape[2], let width = shape[3] else {
      return nil
    }
    let size = InputSize(height: height, width: width)
    return size.isValid ? size : nil
  }
}
