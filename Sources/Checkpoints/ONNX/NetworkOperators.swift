import Engine

extension ONNXTranslation {
  /// What `node` makes of values of the network.
  ///
  /// - Returns: `nil` if it is none of the operations that a network of this kind has.
  mutating func networkValue(_ node: ONNXModel.Node, _ number: Int) throws(CheckpointError) -> Value? {
    let name = node.outputs.first ?? node.label
    switch (node.domain, node.operation) {
    case (_, "Conv"), (_, "ConvInteger"), (_, "QLinearConv"):
      let value = try convolution(node, name: name)
      convolutionNumbers[number] = nodes.count - 1
      return value
    case ("", "DynamicQuantizeLinear"):
      guard node.outputs.count >= 2, let input = node.inputs.first else { return nil }
      // Only convolutions read what was quantised; all of them must see one activation.
      _ = try networkNode(input)
      guard let value = values[input] else { return nil }
      values[node.outputs[1]] = .dynamicScale(factor: .init(shape: [], floats: [1]))
      return value
    case (_, "QuantizeLinear"): return try quantized(node)
    case ("", "Identity"), ("", "Dropout"), (_, "DequantizeLinear"): return passedThrough(node)
    case ("", "Cast"):
      guard let type = node.int("to").flatMap({ TensorReader.elementTypes[$0] }), type.isFloat else {
        return nil
      }
      return passedThrough(node)
    case ("", "Shape"):
      guard let name = node.inputs.first, let input = try networkNode(name) else { return nil }
      // Only the shape of the input is looked at.
      let shape = try evaluator.evaluate(node, [.init(shape: nodes[input].shape, floats: [])])?.first
      return shape.map { .tensor($0, dependsOnImage: false) }
    case ("", "BatchNormalization"): return try normalization(node, name: name)
    case ("", "MaxPool"): return try maxPool(node, name: name)
    case ("", "Resize"), ("", "Upsample"): return try doubled(node, name: name)
    case ("", "Concat"):
      var parts: [Int] = []
      for input in node.inputs {
        if let part = try networkNode(input) { parts.append(part) }
      }
      guard parts.count == node.inputs.count, let first = parts.first,
        [1, -3].contains(node.int("axis") ?? 1)
      else {
        return nil
      }
      var shape = nodes[first].shape
      guard parts.allSatisfy({ nodes[$0].shape.dropFirst(2) == shape.dropFirst(2) }) else {
        throw .malformed(what: "ONNX node '\(node.label)'", reason: "joins maps of different sizes")
      }
      shape[1] = parts.reduce(0) { $0 + nodes[$1].shape[1] }
      return .network(append(.concat, parts, shape: shape, name: name))
    default: break
    }
    if let function = try function(node) { return .function(function) }
    if let value = try dynamicallyScaled(node, name: name) { return value }
    if let value = try shifted(node, name: name) { return value }
    guard node.operation == "Add", node.domain.isEmpty, node.inputs.count == 2,
      let first = try networkNode(node.inputs[0]), let second = try networkNode(node.inputs[1]),
      nodes[first].shape == nodes[second].shape
    else { return nil }
    return .network(append(.add, [first, second], shape: nodes[first].shape, name: name))
  }

  private func passedThrough(_ node: ONNXModel.Node) -> Value? {
    switch node.inputs.first.flatMap({ values[$0] }) {
    case .network(let number)?: .network(number)
    case .function(let function)?: .function(function)
    case .dynamicScale(let factor)?: .dynamicScale(factor: factor)
    default: nil
    }
  }

  func constant(_ name: String?) -> NumericTensor? {
    guard let name, case .tensor(let tensor, dependsOnImage: false)? = values[name] else { return nil }
    return tensor
  }

  /// The numbers of a constant, one for each channel of a map.
  private func perChannel(_ tensor: NumericTensor, _ channels: Int) -> [Float]? {
    let shape = [Int](repeating: 1, count: max(0, 4 - tensor.shape.count)) + tensor.shape
    guard shape.count == 4, shape[0] == 1, shape[2] == 1, shape[3] == 1 else { return nil }
    if shape[1] == 1 { return [Float](repeating: tensor.floats[0], count: channels) }
    return shape[1] == channels ? tensor.floats : nil
  }

  /// A bias or a scale behind a convolution becomes part of it.
  private mutating func shifted(_ node: ONNXModel.Node, name: String) throws(CheckpointError) -> Value? {
    guard ["Add", "Sub", "Mul", "Div"].contains(node.operation), node.domain.isEmpty, node.inputs.count == 2
    else {
      return nil
    }
    var (map, other) = (node.inputs[0], node.inputs[1])
    if constant(map) != nil, node.operation == "Add" || node.operation == "Mul" { swap(&map, &other) }
    guard let tensor = constant(other), let number = try networkNode(map),
      case .convolution(let convolution) = nodes[number].operation,
      let numbers = perChannel(tensor, convolution.bias.count)
    else { return nil }
    let ones = [Float](repeating: 1, count: numbers.count)
    let zeros = [Float](repeating: 0, count: numbers.count)
    let (scales, offsets) =
      switch node.operation {
      case "Add": (ones, numbers)
      case "Sub": (ones, numbers.map { -$0 })
      case "Mul": (numbers, zeros)
      default: (numbers.map { 1 / $0 }, zeros)
      }
    return .network(
      try appendScaled(convolution, of: number, by: scales, adding: offsets, name: name))
  }

  /// The scale of what was quantised while the network runs, times the weights' own; and a sum of integers times both.
  private mutating func dynamicallyScaled(
    _ node: ONNXModel.Node, name: String
  ) throws(CheckpointError) -> Value? {
    guard node.operation == "Mul", node.inputs.count == 2 else { return nil }
    for (first, second) in [(0, 1), (1, 0)] {
      guard case .dynamicScale(let factor)? = values[node.inputs[first]] else { continue }
      if let tensor = constant(node.inputs[second]), factor.count == 1 {
        return .dynamicScale(
          factor: .init(shape: tensor.shape, floats: tensor.floats.map { $0 * factor.floats[0] }))
      }
      guard let number = try networkNode(node.inputs[second]),
        case .convolution(let convolution) = nodes[number].operation
      else { continue }
      let channels = convolution.bias.count
      guard let scales = factor.count == channels ? factor.floats : perChannel(factor, channels) else {
        continue
      }
      return .network(
        try appendScaled(
          convolution, of: number, by: scales, adding: [Float](repeating: 0, count: channels), name: name))
    }
    return nil
  }

  private mutating func normalization(
    _ node: ONNXModel.Node, name: String
  ) throws(CheckpointError) -> Value? {
    guard node.inputs.count >= 5, let number = try networkNode(node.inputs[0]),
      case .convolution(let convolution) = nodes[number].operation
    else { return nil }
    var vectors: [[Float]] = []
    for input in node.inputs[1...4] {
      guard let vector = constant(input)?.floats, vector.count == convolution.bias.count else {
        throw .unsupported(what: "ONNX node '\(node.label)': a normalisation without constant statistics")
      }
      vectors.append(vector)
    }
    let epsilon = node.float("epsilon") ?? 1e-5
    let scales = vectors[0].indices.map { vectors[0][$0] / (vectors[3][$0] + epsilon).squareRoot() }
    let offsets = scales.indices.map { vectors[1][$0] - vectors[2][$0] * scales[$0] }
    return .network(
      try appendScaled(convolution, of: number, by: scales, adding: offsets, name: name))
  }

  /// A maximum over a large neighbourhood is one over a smaller neighbourhood of maxima: a chain of pools becomes one.
  private mutating func maxPool(_ node: ONNXModel.Node, name: String) throws(CheckpointError) -> Value? {
    guard let kernel = node.ints("kernel_shape"), kernel.count == 2, kernel[0] == kernel[1],
      kernel[0] % 2 == 1,
      kernel[0] > 0, kernel[0] < 1 << 16,
      (node.ints("strides") ?? [1, 1]) == [1, 1], (node.ints("dilations") ?? [1, 1]) == [1, 1],
      node.string("auto_pad").map({ $0.hasPrefix("SAME") }) ?? false
        || (node.ints("pads") ?? [0, 0, 0, 0]).allSatisfy({ $0 == kernel[0] / 2 }),
      let source = node.inputs.first, let input = try networkNode(source)
    else { return nil }
    let shape = nodes[input].shape
    if case .maxPool(let earlier) = nodes[input].operation {
      return .network(
        append(.maxPool(kernel: kernel[0] + earlier - 1), nodes[input].inputs, shape: shape, name: name))
    }
    return .network(append(.maxPool(kernel: kernel[0]), [input], shape: shape, name: name))
  }

  private mutating func doubled(_ node: ONNXModel.Node, name: String) throws(CheckpointError) -> Value? {
    guard node.string("mode") ?? "nearest" == "nearest",
      let source = node.inputs.first, let input = try networkNode(source), repeatsPixels(node)
    else { return nil }
    var shape = nodes[input].shape
    func tensor(_ index: Int) -> NumericTensor? {
      guard index < node.inputs.count, case .tensor(let tensor, _)? = values[node.inputs[index]],
        tensor.count == 4
      else { return nil }
      return tensor
    }
    let scales = node.floats("scales") ?? (model.opset < 11 ? tensor(1) : tensor(2))?.floats
    if let scales {
      guard scales == [1, 1, 2, 2] else { return nil }
    } else {
      guard let sizes = tensor(3)?.integers, sizes == [shape[0], shape[1], shape[2] * 2, shape[3] * 2] else {
        return nil
      }
    }
    shape[2] *= 2
    shape[3] *= 2
    return .network(append(.upsample2x, [input], shape: shape, name: name))
  }

  /// Whether each pixel becomes a square of 2 x 2, by Resize's way of rounding coordinates.
  private func repeatsPixels(_ node: ONNXModel.Node) -> Bool {
    let isOld = model.opset < 11 || node.operation == "Upsample"
    let transformation =
      node.string("coordinate_transformation_mode") ?? (isOld ? "asymmetric" : "half_pixel")
    let rounding = node.string("nearest_mode") ?? (isOld ? "floor" : "round_prefer_floor")
    return (0..<8).allSatisfy { index in
      let x = Float(index)
      let source: Float
      switch transformation {
      case "asymmetric": source = x / 2
      case "half_pixel", "pytorch_half_pixel", "half_pixel_symmetric": source = (x + 0.5) / 2 - 0.5
      case "tf_half_pixel_for_nn": source = (x + 0.5) / 2
      default: return false
      }
      switch rounding {
      case "floor": return max(source.rounded(.down), 0) == Float(index / 2)
      case "ceil": return source.rounded(.up) == Float(index / 2)
      case "round_prefer_floor": return (source - 0.5).rounded(.up) == Float(index / 2)
      case "round_prefer_ceil": return (source + 0.5).rounded(.down) == Float(index / 2)
      default: return false
      }
    }
  }
}
