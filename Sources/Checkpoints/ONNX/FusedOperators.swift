extension ONNXModel.Node {
  /// Operators of ONNX Runtime (com.microsoft) that compute what several standard ones compute, as those.
  func inStandardOperators(_ constants: [String: NumericTensor]) -> [ONNXModel.Node] {
    if operation == "FusedConv" { return unfusedConvolution }
    if domain == "com.microsoft", let quantized = QuantizedOperator(operation) {
      return quantized.dequantized(self, constants)
    }
    return [self]
  }

  /// ONNX Runtime's convolution with a sum and an activation (com.microsoft, FusedConv) as the nodes that it stands for.
  private var unfusedConvolution: [ONNXModel.Node] {
    guard let output = outputs.first else { return [self] }
    var convolution = self
    convolution.operation = "Conv"
    convolution.inputs = Array(inputs.prefix(3))
    var steps: [ONNXModel.Node] = []
    if inputs.count > 3, !inputs[3].isEmpty {
      steps.append(.init(name: label, operation: "Add", inputs: [inputs[3]]))
    }
    if let activation = string("activation"), !activation.isEmpty {
      var step = ONNXModel.Node(name: label, operation: activation)
      let keys =
        ["LeakyRelu": ["alpha"], "HardSigmoid": ["alpha", "beta"], "Clip": ["min", "max"]][activation] ?? []
      for (key, value) in zip(keys, floats("activation_params") ?? []) {
        step.attributes[key] = .float(value)
      }
      steps.append(step)
    }
    // Names that no exporter gives, for the values in between.
    let names = steps.indices.map { "\(output)/unfused/\($0)" } + [output]
    convolution.outputs = [names[0]]
    for index in steps.indices {
      steps[index].inputs.insert(names[index], at: 0)
      steps[index].outputs = [names[index + 1]]
    }
    return [convolution] + steps
  }
}

/// An operator on quantised tensors, each followed by its scale and zero point among the inputs. While a file is followed,
/// numbers stay as exact as they are; then it is the standard operator on the tensors alone.
private enum QuantizedOperator: String {
  case add = "QLinearAdd"
  case mul = "QLinearMul"
  case sigmoid = "QLinearSigmoid"
  case leakyReLU = "QLinearLeakyRelu"
  case concat = "QLinearConcat"

  init?(_ name: String) { self.init(rawValue: name) }

  private var standard: String {
    switch self {
    case .add: "Add"
    case .mul: "Mul"
    case .sigmoid: "Sigmoid"
    case .leakyReLU: "LeakyRelu"
    case .concat: "Concat"
    }
  }

  /// Positions of the tensors among `count` inputs.
  private func operands(_ count: Int) -> [Int] {
    switch self {
    case .add, .mul: [0, 3]
    case .sigmoid, .leakyReLU: [0]
    case .concat: Array(stride(from: 2, to: count, by: 3))
    }
  }

  func dequantized(_ node: ONNXModel.Node, _ constants: [String: NumericTensor]) -> [ONNXModel.Node] {
    let positions = operands(node.inputs.count)
    guard let last = positions.last, last + 1 < node.inputs.count, let output = node.outputs.first else {
      return [node]
    }
    var result = node
    result.operation = standard
    result.domain = ""
    result.inputs = []
    var steps: [ONNXModel.Node] = []
    for position in positions {
      let name = node.inputs[position]
      guard constants[name] != nil else {
        result.inputs.append(name)
        continue
      }
      // Stored integers. The name is one that no exporter gives.
      let number = "\(output)/dequantized/\(position)"
      let parameters = node.inputs[position..<min(position + 3, node.inputs.count)]
      steps.append(
        .init(name: node.label, operation: "DequantizeLinear", inputs: Array(parameters), outputs: [number]))
      result.inputs.append(number)
    }
    return steps + [result]
  }
}
