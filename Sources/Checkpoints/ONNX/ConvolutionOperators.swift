import Engine

extension ONNXTranslation {
  /// The value of a convolution: float, of integers that are scaled later (ConvInteger), or quantised (QLinearConv). The
  /// weights become float32 whatever they are stored as.
  mutating func convolution(_ node: ONNXModel.Node, name: String) throws(CheckpointError) -> Value {
    let what = "ONNX node '\(node.label)'"
    guard let data = node.inputs.first else {
      throw .malformed(what: what, reason: "a convolution of nothing")
    }
    guard node.int("channels_last") ?? 0 == 0 else {
      throw .unsupported(
        what:
          "\(what): a layout with the channels last, which ONNX Runtime writes for itself; the file that it was optimised from"
      )
    }
    let weight = try weight(of: node)
    try evaluator.spend(node.operation == "Conv" ? 0 : weight.count, on: what)
    guard weight.shape.count == 4, weight.shape.allSatisfy({ $0 > 0 && $0 < 1 << 20 }) else {
      throw .unsupported(what: "\(what): a convolution with weights of shape \(weight.shape)")
    }
    let input = try convolutionInput(data, of: node)
    let shape = nodes[input].shape
    let groups = node.int("group") ?? 1
    guard shape.count == 4, groups > 0, groups < 1 << 20, weight.shape[1] * groups == shape[1],
      weight.shape[0].isMultiple(of: groups)
    else {
      throw .malformed(
        what: what,
        reason: "weights \(weight.shape) in \(groups) groups for \(shape.count > 1 ? shape[1] : 0) channels")
    }
    let stride = node.ints("strides") ?? [1, 1]
    guard node.ints("dilations") ?? [1, 1] == [1, 1], stride.count == 2,
      stride.allSatisfy({ $0 > 0 && $0 < 1 << 16 })
    else { throw .unsupported(what: "\(what): a dilated convolution") }
    let padding = try padding(of: node, stride: stride, kernel: Array(weight.shape[2...]), shape: shape)
    let bias = try bias(of: node, channels: weight.shape[0])
    var size: [Int] = []
    for axis in 0..<2 {
      let padded = shape[2 + axis] + padding[axis] + padding[axis + 2]
      guard padded >= weight.shape[2 + axis] else {
        throw .malformed(what: what, reason: "a map of shape \(shape) is too small")
      }
      size.append((padded - weight.shape[2 + axis]) / stride[axis] + 1)
    }
    let result = append(
      .convolution(.init(weight: weight, bias: bias, stride: stride, padding: padding, groups: groups)),
      [input],
      shape: [shape[0], weight.shape[0]] + size, name: name)
    guard node.operation == "QLinearConv" else { return .network(result) }
    return try saturated(.network(result), of: node, scale: 6, zeroPoint: 7)
  }

  /// QuantizeLinear. The numbers stay as exact as they are; only what a convolution gives may lose its negative half.
  mutating func quantized(_ node: ONNXModel.Node) throws(CheckpointError) -> Value? {
    guard let source = node.inputs.first else { return nil }
    // An affine function of a convolution is a convolution.
    if case .function(let function)? = values[source], function.affine != nil { _ = try networkNode(source) }
    switch values[source] {
    case .network?, .function?: break
    default: return nil
    }
    return try values[source].map { value throws(CheckpointError) in
      try saturated(value, of: node, scale: 1, zeroPoint: 2)
    }
  }

  /// A quantisation whose zero point is its lowest integer stores no number below zero.
  private func saturated(
    _ value: Value, of node: ONNXModel.Node, scale: Int, zeroPoint: Int
  ) throws(CheckpointError) -> Value {
    guard case .network(let number) = value, case .convolution = nodes[number].operation else { return value }
    func input(_ index: Int) -> NumericTensor? {
      index < node.inputs.count ? constant(node.inputs[index]) : nil
    }
    // Without a zero point the type is uint8, and zero its lowest integer.
    let zero = input(zeroPoint)
    let isGiven = zeroPoint < node.inputs.count && !node.inputs[zeroPoint].isEmpty
    guard let scale = input(scale)?.floats.first, isGiven == (zero != nil),
      let range = zero.map({ $0.elementType?.byteRange }) ?? 0...255
    else {
      throw .unsupported(
        what: "ONNX node '\(node.label)': a quantisation without a constant scale and zero point")
    }
    let zeros = zero?.integers ?? [0]
    guard let first = zeros.first, zeros.allSatisfy({ $0 == range.lowerBound }) else { return value }
    return .function(.saturation(of: number, at: Float(range.upperBound - first) * scale))
  }

  private func weight(of node: ONNXModel.Node) throws(CheckpointError) -> Tensor {
    let index = node.operation == "QLinearConv" ? 3 : 1
    guard index < node.inputs.count, var weight = constant(node.inputs[index]) else {
      throw .unsupported(what: "ONNX node '\(node.label)': a convolution without constant weights")
    }
    let call = Call(
      node: node, inputs: node.inputs.map { constant($0) }, opset: model.opset, limit: evaluator.budget)
    switch node.operation {
    case "ConvInteger":
      let zero = call.optional(3)
      weight = try call.scaled(
        weight,
        scale: .init(shape: zero?.shape ?? [], floats: [Float](repeating: 1, count: zero?.count ?? 1)),
        zero: zero, axis: 0)
    case "QLinearConv":
      weight = try call.scaled(weight, scale: call.tensor(4), zero: call.optional(5), axis: 0)
    default: break
    }
    return Tensor(shape: weight.shape, values: weight.floats)
  }

  private func bias(of node: ONNXModel.Node, channels: Int) throws(CheckpointError) -> [Float] {
    let index = node.operation == "QLinearConv" ? 8 : 2
    // An optional input that is left out has no name. ConvInteger has none: its third input is a zero point.
    guard node.operation != "ConvInteger", index < node.inputs.count, !node.inputs[index].isEmpty else {
      return [Float](repeating: 0, count: channels)
    }
    guard var bias = constant(node.inputs[index])?.floats, bias.count == channels else {
      throw .unsupported(
        what: "ONNX node '\(node.label)': a convolution without a constant bias for each channel")
    }
    if node.operation == "QLinearConv" {
      guard let x = constant(node.inputs[1])?.floats.first, let w = constant(node.inputs[4])?.floats,
        !w.isEmpty
      else {
        throw .unsupported(what: "ONNX node '\(node.label)': a convolution without constant scales")
      }
      for channel in bias.indices { bias[channel] *= x * w[w.count == 1 ? 0 : channel % w.count] }
    }
    return bias
  }

  /// Top, left, bottom, right.
  private func padding(
    of node: ONNXModel.Node, stride: [Int], kernel: [Int], shape: [Int]
  ) throws(CheckpointError) -> [Int] {
    let mode = node.string("auto_pad") ?? "NOTSET"
    switch mode {
    case "NOTSET", "":
      let pads = node.ints("pads") ?? [0, 0, 0, 0]
      guard pads.count == 4, pads.allSatisfy({ $0 >= 0 && $0 < 1 << 16 }) else {
        throw .malformed(what: "ONNX node '\(node.label)'", reason: "padding \(pads)")
      }
      return pads
    case "VALID": return [0, 0, 0, 0]
    case "SAME_UPPER", "SAME_LOWER":
      let totals = (0..<2).map { axis in
        let length = shape[2 + axis]
        return max(0, ((length + stride[axis] - 1) / stride[axis] - 1) * stride[axis] + kernel[axis] - length)
      }
      let (small, large) = (totals.map { $0 / 2 }, totals.map { $0 - $0 / 2 })
      return mode == "SAME_UPPER" ? small + large : large + small
    default: throw .unsupported(what: "ONNX node '\(node.label)': padding '\(mode)'")
    }
  }
}
