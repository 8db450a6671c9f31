import Engine

/// Operators that make a number from a number of the network, known by what they make of sample points: `x * sigmoid(x)`
/// is SiLU whichever operators compute it.
struct ElementwiseFunction {
  let source: Int
  let values: [Float]
  /// Each operator once, in the order in which they first run.
  let operators: [String]
  /// The largest number that a quantisation can store which cannot store numbers below zero, where the function is only
  /// that. Quantisers leave out a ReLU or ReLU6 before one; where another operator follows, there was none.
  let saturation: Float?

  static let points: [Float] = (-192...192).map { Float($0) / 16 }

  init(source: Int, values: [Float], operators: [String], saturation: Float? = nil) {
    self.source = source
    self.values = values
    self.operators = operators
    self.saturation = saturation
  }

  static func saturation(of source: Int, at highest: Float) -> ElementwiseFunction {
    ElementwiseFunction(
      source: source, values: points.map { max($0, 0) }, operators: ["QuantizeLinear"], saturation: highest)
  }

  /// Slope and offset of a straight line.
  var affine: (scale: Float, offset: Float)? {
    let points = ElementwiseFunction.points
    let scale = (values[values.count - 1] - values[0]) / (points[points.count - 1] - points[0])
    let offset = values[points.count / 2]
    return matches { scale * $0 + offset } ? (scale, offset) : nil
  }

  var activation: ExportedActivation {
    if matches({ $0 * logistic($0) }) { return .silu }
    if matches({ max($0, 0) }) { return .relu }
    if matches({ min(max($0, 0), 6) }) { return .relu6 }
    if matches({ $0 * min(max($0 / 6 + 0.5, 0), 1) }) { return .hardSwish }
    let slope = values[0] / ElementwiseFunction.points[0]
    if slope > 0, slope < 1, matches({ $0 < 0 ? slope * $0 : $0 }) { return .leakyReLU(slope: slope) }
    return .unknown(operators: operators.joined(separator: ", "))
  }

  private func matches(_ function: (Float) -> Float) -> Bool {
    zip(ElementwiseFunction.points, values).allSatisfy { point, value in
      let expected = function(point)
      return abs(value - expected) <= 1e-4 * max(1, abs(expected))
    }
  }
}

extension ONNXTranslation {
  private static let names: Set<String> = [
    "Sigmoid", "Relu", "LeakyRelu", "PRelu", "Elu", "HardSigmoid", "HardSwish", "Swish", "Softplus", "Mish",
    "Gelu",
    "Tanh", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Clip", "Abs", "Neg", "Add", "Sub", "Mul", "Div",
    "Pow", "Min",
    "Max", "QuickGelu",
  ]

  /// A node that reads one value of the network, functions of it, and scalars.
  mutating func function(_ node: ONNXModel.Node) throws(CheckpointError) -> ElementwiseFunction? {
    guard ONNXTranslation.names.contains(node.operation) else { return nil }
    var source: Int?
    var tensors: [NumericTensor?] = []
    var operators: [String] = []
    func take(_ number: Int, _ values: [Float]) -> Bool {
      guard source == nil || source == number else { return false }
      source = number
      tensors.append(.init(shape: [values.count], floats: values))
      return true
    }
    for name in node.inputs {
      switch values[name] {
      case .network(let number):
        guard take(number, ElementwiseFunction.points) else { return nil }
      case .function(let function) where function.saturation != nil:
        guard take(function.source, ElementwiseFunction.points) else { return nil }
      case .function(let function):
        guard take(function.source, function.values) else { return nil }
        operators += function.operators.filter { !operators.contains($0) }
      case .tensor(let tensor, _):
        // A constant with the dimensions of an image is a bias or a scale, even if there is one channel only.
        guard tensor.count == 1, tensor.shape.count <= 1 || node.operation == "PRelu" else { return nil }
        tensors.append(.init(shape: [], floats: tensor.floats))
      case nil where name.isEmpty: tensors.append(nil)
      default: return nil
      }
    }
    guard let source, let result = try evaluator.evaluate(node, tensors)?.first,
      result.count == ElementwiseFunction.points.count
    else { return nil }
    if !operators.contains(node.operation) { operators.append(node.operation) }
    return ElementwiseFunction(source: source, values: result.floats, operators: operators)
  }

  /// The node that computes a function: its source, a convolution with other weights, or an activation.
  mutating func resolve(_ function: ElementwiseFunction, name: String) throws(CheckpointError) -> Int {
    let source = nodes[function.source]
    if let (scale, offset) = function.affine {
      if scale == 1, offset == 0 { return function.source }
      if case .convolution(let convolution) = source.operation {
        let channels = convolution.bias.count
        return try appendScaled(
          convolution, of: function.source, by: [Float](repeating: scale, count: channels),
          adding: [Float](repeating: offset, count: channels), name: name)
      }
    }
    // Exporters may write an activation once for each of its readers.
    let key = ActivationKey(source: function.source, activation: function.activation)
    if let number = activations[key] { return number }
    let number = append(.activation(key.activation), [function.source], shape: source.shape, name: name)
    activations[key] = number
    saturations[number] = function.saturation
    return number
  }
}

extension ExportedConvolution {
  /// What the convolution gives, times a number and plus a number for each channel.
  func scaled(by scales: [Float], adding offsets: [Float]) -> ExportedConvolution {
    var result = self
    let perChannel = bias.isEmpty ? 0 : weight.count / bias.count
    for channel in bias.indices {
      for index in channel * perChannel..<(channel + 1) * perChannel {
        result.weight.values[index] *= scales[channel]
      }
      result.bias[channel] = bias[channel] * scales[channel] + offsets[channel]
    }
    return result
  }
}
