import Engine

/// Whether the scales in a quantised ONNX file fit each other.
///
/// Weights become float32 by their scales; those of activations are not used. One wrong scale would only show in worse
/// boxes, but a file says more than that of each convolution: the ranges of its input and its result are stored, and the
/// weights limit what can become of the one in the other.
struct QuantizationCheck {
  private var suspects: [Suspect] = []
  /// Convolutions whose bias has the scale of the input times that of the weights, as ONNX asks for, and others.
  private var (fittingBiases, otherBiases) = (0, [String]())

  private struct Suspect {
    let name: String
    let stored: Float
    let possible: Float
  }

  /// A convolution with a quantised input.
  struct Layer {
    let name: String
    /// With the weights and the bias that the file's integers and scales give.
    let convolution: ExportedConvolution
    let input: StoredRange
    /// `nil` where the result is not quantised.
    let result: StoredRange?
    let weightScales: [Float]
    /// `nil` where the file has no scale of its own for the bias.
    let biasScales: [Float]?
  }

  /// The numbers that a quantisation can store.
  struct StoredRange {
    let scale: Float
    let integers: ClosedRange<Int>
    let zeroPoint: Int

    /// The largest magnitude.
    var magnitude: Float {
      scale * Float(max(abs(integers.lowerBound - zeroPoint), abs(integers.upperBound - zeroPoint)))
    }
  }

  mutating func add(_ layer: Layer) {
    if let biasScales = layer.biasScales { checkBias(layer, biasScales) }
    guard let result = layer.result else { return }
    let possible = layer.convolution.largestResults(for: layer.input.magnitude).sorted()
    guard let most = possible.last else { return }
    let typical = possible[possible.count / 2]
    let stored = result.magnitude
    // Of 16-bit numbers the range is often chosen far larger than needed.
    let isWide = result.integers.count <= 256 && stored > QuantizationCheck.tooWide * most
    let isNarrow =
      stored < QuantizationCheck.tooNarrow * typical || stored < QuantizationCheck.tooNarrowForOne * most
    if isWide || isNarrow || !stored.isFinite || !most.isFinite {
      suspects.append(Suspect(name: layer.name, stored: stored, possible: most))
    }
  }

  private mutating func checkBias(_ layer: Layer, _ biasScales: [Float]) {
    let weights = layer.weightScales
    guard !weights.isEmpty else { return }
    let count = max(weights.count, biasScales.count)
    let isFitting =
      (weights.count == 1 || weights.count == count) && (biasScales.count == 1 || biasScales.count == count)
      && (0..<count).allSatisfy { channel in
        let expected = layer.input.scale * weights[weights.count == 1 ? 0 : channel]
        return abs(biasScales[biasScales.count == 1 ? 0 : channel] - expected) <= 0.01 * expected
      }
    if isFitting { fittingBiases += 1 } else { otherBiases.append(layer.name) }
  }

  /// What is suspicious, a line each.
  var warnings: [String] {
    var warnings: [String] = []
    if let first = suspects.first {
      warnings.append(
        "the scales of \(list(suspects.map(\.name))) do not fit the weights: the file stores results of up to \(first.stored) where the weights can give \(first.possible); it is damaged or was quantised wrongly, so check its boxes"
      )
    }
    // A quantiser that has another rule for biases has it for all of them.
    if !otherBiases.isEmpty, fittingBiases >= 9 * otherBiases.count {
      warnings.append(
        "the scales of \(list(otherBiases)) do not fit each other: that of a bias is the input's times the weights' in all other layers; the file is damaged or was quantised wrongly, so check its boxes"
      )
    }
    return warnings
  }

  private func list(_ names: [String]) -> String {
    let shown = names.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 3 ? "\(names.count) layers (\(shown), ...)" : shown
  }

  // What files store, divided by what their weights can give: 0.0026 to 0.75 of the channel that can give most, and 0.036
  // to 3 of a typical one, in nine files that ONNX Runtime's quantiser made of three networks by minimum and maximum,
  // entropy and percentiles.

  private static let tooWide: Float = 4
  private static let tooNarrow: Float = 1 / 256
  private static let tooNarrowForOne: Float = 1 / 4096
}

extension ExportedConvolution {
  /// The largest magnitude that each channel of the result can have for inputs of up to `magnitude`.
  fileprivate func largestResults(for magnitude: Float) -> [Float] {
    let perChannel = bias.isEmpty ? 0 : weight.count / bias.count
    return bias.indices.map { channel in
      let weights = weight.values[channel * perChannel..<(channel + 1) * perChannel]
      return weights.reduce(0) { $0 + abs($1) } * magnitude + abs(bias[channel])
    }
  }
}

extension ONNXTranslation {
  /// Of the convolutions that were followed.
  func quantizationWarnings() -> [String] {
    guard order.contains(where: { ["QuantizeLinear", "QLinearConv"].contains(model.nodes[$0].operation) })
    else {
      return []
    }
    var (producers, readers) = ([String: ONNXModel.Node](), [String: ONNXModel.Node]())
    for number in order {
      let node = model.nodes[number]
      for output in node.outputs { producers[output] = node }
      // Of several readers, one that stores the value matters.
      for input in node.inputs where readers[input] == nil || node.operation == "QuantizeLinear" {
        readers[input] = node
      }
    }
    var check = QuantizationCheck()
    for (number, converted) in convolutionNumbers.sorted(by: { $0.key < $1.key }) {
      guard case .convolution(let convolution) = nodes[converted].operation,
        let layer = quantizedLayer(model.nodes[number], convolution, producers: producers, readers: readers)
      else { continue }
      check.add(layer)
    }
    return check.warnings
  }

  private func quantizedLayer(
    _ node: ONNXModel.Node, _ convolution: ExportedConvolution, producers: [String: ONNXModel.Node],
    readers: [String: ONNXModel.Node]
  ) -> QuantizationCheck.Layer? {
    func dequantization(_ index: Int) -> ONNXModel.Node? {
      guard index < node.inputs.count, let producer = producers[node.inputs[index]],
        producer.operation == "DequantizeLinear"
      else { return nil }
      return producer
    }
    func scales(_ node: ONNXModel.Node?, _ index: Int) -> [Float]? {
      guard let node, index < node.inputs.count else { return nil }
      return constant(node.inputs[index])?.floats
    }
    switch node.operation {
    case "QLinearConv":
      guard let input = storedRange(node, scale: 1) else { return nil }
      return .init(
        name: node.label, convolution: convolution, input: input, result: storedRange(node, scale: 6),
        weightScales: scales(node, 4) ?? [], biasScales: nil)
    case "Conv":
      guard let input = dequantization(0).flatMap({ storedRange($0, scale: 1) }) else { return nil }
      var reader = node.outputs.first.flatMap { readers[$0] }
      if let activation = reader, ["Relu", "Clip"].contains(activation.operation) {
        reader = activation.outputs.first.flatMap { readers[$0] }
      }
      let result = reader.flatMap { $0.operation == "QuantizeLinear" ? storedRange($0, scale: 1) : nil }
      return .init(
        name: node.label, convolution: convolution, input: input, result: result,
        weightScales: scales(dequantization(1), 1) ?? [], biasScales: scales(dequantization(2), 1))
    default: return nil
    }
  }

  /// Of the input `scale` and the zero point behind it.
  private func storedRange(_ node: ONNXModel.Node, scale: Int) -> QuantizationCheck.StoredRange? {
    guard scale < node.inputs.count, let number = constant(node.inputs[scale]), number.count == 1 else {
      return nil
    }
    guard scale + 1 < node.inputs.count, !node.inputs[scale + 1].isEmpty else {
      return .init(scale: number.floats[0], integers: 0...255, zeroPoint: 0)
    }
    guard let zero = constant(node.inputs[scale + 1]), let range = zero.elementType?.byteRange,
      let point = zero.integers.first, range.contains(point)
    else { return nil }
    return .init(scale: number.floats[0], integers: range, zeroPoint: point)
  }
}
