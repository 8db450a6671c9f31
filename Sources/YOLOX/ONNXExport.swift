import Checkpoints
import Engine
import Imaging

/// How a network is written as an ONNX file.
package struct ONNXExportOptions: Sendable {
  /// Version of the standard operators, 13 to 21.
  package var opset: Int
  package var inputSize: InputSize
  /// Whether the file takes any number of images at once, or one.
  package var dynamicBatch: Bool
  /// Whether boxes are given in pixels of the input: centre, width, height.
  package var decode: Bool

  package init(inputSize: InputSize, opset: Int = 13, dynamicBatch: Bool = false, decode: Bool = false) {
    self.inputSize = inputSize
    self.opset = opset
    self.dynamicBatch = dynamicBatch
    self.decode = decode
  }
}

extension PretrainedWeights {
  /// Writes the network as an ONNX file: `images` `[N, 3, H, W]` to `output` `[N, anchors, 5 + classes]`, with the
  /// numbers of the authors' export (tools/export_onnx.py). Labels, input size and preprocessing are in its metadata.
  ///
  /// - Throws: ``ModelError/unusable(_:)`` for heads other than the authors'.
  package func writeONNX(to path: String, _ options: ONNXExportOptions) throws(ModelError) {
    let bytes = try onnxFile(options)
    do { try AtomicFile.replace(path, with: bytes) } catch { throw .unreadable(error) }
  }

  package func onnxFile(_ options: ONNXExportOptions) throws(ModelError) -> [UInt8] {
    guard architecture.head == .decoupled else {
      throw .unusable(
        "ONNX files can be written of networks with the authors' head, not of '\(architecture.head.rawValue)'"
      )
    }
    guard ONNXWriter.opsets.contains(options.opset) else {
      throw .unusable(
        "opset \(options.opset) is not one of \(ONNXWriter.opsets.lowerBound) to \(ONNXWriter.opsets.upperBound)"
      )
    }
    guard options.inputSize.isValid else { throw .inputSize(options.inputSize.description) }
    var export = ONNXExport(self, options)
    return export.file()
  }

  /// The same network with normalisation in it: one that was folded becomes a normalisation by one.
  package var unfoldedParameters: Parameters {
    let graph = Graph.yolox(architecture, classCount: classCount)
    guard !parameters.keys.contains(where: { $0.hasSuffix(".running_mean") }) else { return parameters }
    var unfolded: Parameters = [:]
    for (name, shape) in graph.parameterShapes {
      if let tensor = parameters[name] {
        unfolded[name] = tensor
      } else if name.hasSuffix(".bn.weight") {
        unfolded[name] = Tensor(shape: shape, repeating: (1 + batchNormalizationEpsilon).squareRoot())
      } else if name.hasSuffix(".bn.bias") {
        unfolded[name] = parameters[name.dropLast("bn.bias".count) + "conv.bias"]
      } else {
        unfolded[name] = Tensor(shape: shape, repeating: name.hasSuffix(".running_var") ? 1 : 0)
      }
    }
    return unfolded
  }

  /// Writes a checkpoint that the authors' code loads.
  ///
  /// - Parameter epoch: epochs trained.
  package func writeTorch(to path: String, epoch: Int = 0) throws(CheckpointError) {
    try TorchCheckpoint.write(
      unfoldedParameters, in: Graph.yolox(architecture, classCount: classCount).parameterShapes.map(\.name),
      labels: labels, epoch: epoch, to: path)
  }
}

private struct ONNXExport {
  private let weights: PretrainedWeights
  private let options: ONNXExportOptions
  private let graph: Graph
  private var writer: ONNXWriter
  private var names: [String] = []

  init(_ weights: PretrainedWeights, _ options: ONNXExportOptions) {
    self.weights = weights
    self.options = options
    graph = Graph.yolox(weights.architecture, classCount: weights.classCount)
    writer = ONNXWriter(opset: options.opset, name: weights.architecture.modelName)
  }

  mutating func file() -> [UInt8] {
    for (index, node) in graph.nodes.enumerated() { names.append(write(node, index)) }
    let raw = writePredictions()
    _ = options.decode ? writeDecoding(raw) : raw
    let batch: ONNXWriter.Length = options.dynamicBatch ? .open("batch") : .fixed(1)
    writer.input(
      "images", [batch, .fixed(3), .fixed(options.inputSize.height), .fixed(options.inputSize.width)])
    writer.output("output", [batch, .fixed(cells.count), .fixed(5 + weights.classCount)])
    return writer.finished(
      metadata: ModelMetadata.values(
        architecture: weights.architecture, labels: weights.labels, inputSize: options.inputSize,
        preprocessing: weights.preprocessing))
  }

  /// - Returns: the name of the node's value.
  private mutating func write(_ node: Node, _ index: Int) -> String {
    let inputs = node.inputs.map { names[$0.index] }
    switch node.operation {
    case .input: return "images"
    case .convolution(let convolution): return write(convolution, node.path, inputs[0], index)
    // Folded into the convolution.
    case .batchNormalization: return inputs[0]
    case .activation(let activation): return write(activation, inputs[0])
    case .add: return writer.node("Add", inputs)
    case .concat: return writer.node("Concat", inputs, [("axis", .int(1))])
    case .maxPool(let kernel):
      return writer.node(
        "MaxPool", inputs,
        [
          ("kernel_shape", .ints([kernel, kernel])), ("pads", .ints([Int](repeating: kernel / 2, count: 4))),
          ("strides", .ints([1, 1])),
        ])
    case .upsample2x:
      let scales = writer.constant("scales_\(index)", Tensor(shape: [4], values: [1, 1, 2, 2]))
      return writer.node(
        "Resize", [inputs[0], "", scales],
        [
          ("mode", .text("nearest")), ("coordinate_transformation_mode", .text("asymmetric")),
          ("nearest_mode", .text("floor")),
        ])
    case .focus: return writeFocus(inputs[0])
    }
  }

  private mutating func write(_ convolution: Convolution, _ path: String, _ input: String, _ index: Int)
    -> String
  {
    let (weight, bias) = weights.foldedWeights(path, outputs: convolution.outputChannels)
    return writer.node(
      "Conv", [input, writer.constant(path + ".weight", weight), writer.constant(path + ".bias", bias)],
      [
        ("kernel_shape", .ints([convolution.kernel, convolution.kernel])),
        ("strides", .ints([convolution.stride, convolution.stride])),
        ("pads", .ints([Int](repeating: convolution.padding, count: 4))), ("group", .int(convolution.groups)),
      ])
  }

  private mutating func write(_ activation: Activation, _ input: String) -> String {
    switch activation {
    case .silu: writer.node("Mul", [input, writer.node("Sigmoid", [input])])
    case .relu: writer.node("Relu", [input])
    case .leakyReLU: writer.node("LeakyRelu", [input], [("alpha", .float(0.1))])
    case .relu6:
      writer.node(
        "Clip",
        [
          input, writer.constant("clip_low", Tensor(shape: [], values: [0])),
          writer.constant("clip_high", Tensor(shape: [], values: [6])),
        ])
    case .hardSwish:
      writer.node(
        "Mul",
        [input, writer.node("HardSigmoid", [input], [("alpha", .float(1 / 6)), ("beta", .float(0.5))])])
    case .sigmoid: writer.node("Sigmoid", [input])
    }
  }

  /// Every second row and column, four times (network_blocks.py, Focus).
  private mutating func writeFocus(_ input: String) -> String {
    let ends = writer.constant("focus_ends", [Int(Int32.max)])
    let steps = writer.constant("focus_steps", [2])
    let axes = [writer.constant("focus_rows", [2]), writer.constant("focus_columns", [3])]
    let starts = [writer.constant("focus_even", [0]), writer.constant("focus_odd", [1])]
    let phases = focusPhases.map { phase in
      let rows = writer.node("Slice", [input, starts[phase.row], ends, axes[0], steps])
      return writer.node("Slice", [rows, starts[phase.column], ends, axes[1], steps])
    }
    return writer.node("Concat", phases, [("axis", .int(1))])
  }

  private mutating func writePredictions() -> String {
    let shape = writer.constant("level_shape", [0, 5 + weights.classCount, -1])
    let levels = Stride.levels.indices.map { level in
      func output(_ output: HeadOutput) -> String {
        graph.output(output.name(level: level)).map { names[$0.index] } ?? ""
      }
      let joined = writer.node(
        "Concat",
        [
          output(.box), writer.node("Sigmoid", [output(.objectness)]),
          writer.node("Sigmoid", [output(.classes)]),
        ],
        [("axis", .int(1))])
      return writer.node("Reshape", [joined, shape])
    }
    let all = writer.node("Concat", levels, [("axis", .int(2))])
    return writer.node(
      "Transpose", [all], output: options.decode ? nil : "output", [("perm", .ints([0, 2, 1]))])
  }

  private var cells: [(x: Int, y: Int, stride: Int)] {
    Stride.levels.flatMap { stride in
      let (rows, columns) = (options.inputSize.height / stride, options.inputSize.width / stride)
      return (0..<rows * columns).map { (x: $0 % columns, y: $0 / columns, stride: stride) }
    }
  }

  /// Boxes in pixels (yolo_head.py, decode_outputs).
  private mutating func writeDecoding(_ raw: String) -> String {
    let cells = cells
    let axis = writer.constant("column_axis", [2])
    let bounds = [0, 2, 4, Int(Int32.max)].map { writer.constant("column_\($0)", [$0]) }
    let parts = (0..<3).map { writer.node("Slice", [raw, bounds[$0], bounds[$0 + 1], axis]) }
    let grid = writer.constant(
      "grid", Tensor(shape: [1, cells.count, 2], values: cells.flatMap { [Float($0.x), Float($0.y)] }))
    let strides = writer.constant(
      "strides", Tensor(shape: [1, cells.count, 1], values: cells.map { Float($0.stride) }))
    let center = writer.node("Mul", [writer.node("Add", [parts[0], grid]), strides])
    let size = writer.node("Mul", [writer.node("Exp", [parts[1]]), strides])
    return writer.node("Concat", [center, size, parts[2]], output: "output", [("axis", .int(2))])
  }
}

extension PretrainedWeights {
  /// A convolution's weights and bias with the normalisation behind it multiplied in.
  fileprivate func foldedWeights(_ path: String, outputs: Int) -> (weight: Tensor, bias: Tensor) {
    var weight = parameters[path + ".weight"] ?? Tensor(shape: [outputs])
    var bias = parameters[path + ".bias"] ?? Tensor(shape: [outputs])
    let normalization = path.hasSuffix(".conv") ? path.dropLast("conv".count) + "bn" : path
    guard let gamma = parameters[normalization + ".weight"]?.values,
      let beta = parameters[normalization + ".bias"]?.values,
      let mean = parameters[normalization + ".running_mean"]?.values,
      let variance = parameters[normalization + ".running_var"]?.values
    else { return (weight, bias) }
    let perChannel = weight.count / outputs
    for channel in 0..<outputs {
      let scale = gamma[channel] / (variance[channel] + batchNormalizationEpsilon).squareRoot()
      for index in channel * perChannel..<(channel + 1) * perChannel { weight.values[index] *= scale }
      bias.values[channel] = (bias.values[channel] - mean[channel]) * scale + beta[channel]
    }
    return (weight, bias)
  }
}
