import Engine

/// Follows an ONNX graph from its image to its outputs, node by node, and says it as an ``ExportedNetwork``.
///
/// Shapes are followed for one size of image, the file's own where it has one. Every value is then a tensor that can be
/// computed (constants, shapes, the image before the first convolution), a value of the network, or left for the
/// decoding.
struct ONNXTranslation {
  enum Value {
    case tensor(NumericTensor, dependsOnImage: Bool)
    /// A node of the network.
    case network(Int)
    /// A network value with elementwise operators behind it.
    case function(ElementwiseFunction)
    /// The scale of a value that was quantised while the network runs, times `factor`.
    case dynamicScale(factor: NumericTensor)
    /// Neither: the decoding's, or what nothing reads. The number of the node at which the network was left.
    case other(Int)
  }

  let model: ONNXModel
  let input: ONNXImageInput
  let order: [Int]
  var values: [String: Value] = [:]
  var nodes: [ExportedNetwork.Node] = []
  var image: ExportedImage?
  private var imageName = ""
  var activations: [ActivationKey: Int] = [:]
  /// By activation that only a quantisation computes: the largest number that it can store.
  var saturations: [Int: Float] = [:]
  /// By the number of a convolution in the file: its number in `nodes`, as it was before anything became part of it.
  var convolutionNumbers: [Int: Int] = [:]
  var evaluator: Evaluator

  struct ActivationKey: Hashable {
    let source: Int
    let activation: ExportedActivation
  }

  init(_ model: ONNXModel) throws(CheckpointError) {
    self.model = model
    order = try model.sortedNodes()
    input = try ONNXImageInput(model)
    evaluator = Evaluator(
      opset: model.opset, constants: model.constantCount, given: input.probe.count)
    for (name, tensor) in model.constants { values[name] = .tensor(tensor, dependsOnImage: false) }
    values[input.name] = .tensor(input.probe, dependsOnImage: true)
  }

  /// - Throws: ``CheckpointError`` naming the first operator that no network of this kind has.
  mutating func network() throws(CheckpointError) -> ExportedNetwork {
    for number in order { try follow(number) }
    let (decodingNodes, predictions) = try decodingParts()
    guard let image else {
      throw .malformed(what: "ONNX graph", reason: "no convolution leads from its image to its outputs")
    }
    nameSaturations()
    var given: [String: NumericTensor] = [:]
    for node in decodingNodes {
      for name in node.inputs {
        if case .tensor(let tensor, _)? = values[name] { given[name] = tensor }
      }
    }
    return ExportedNetwork(
      nodes: nodes, image: image, predictions: Array(Set(predictions.values)).sorted(),
      decoding: ExportedDecoding(
        nodes: decodingNodes, given: given, predictions: predictions, outputs: model.outputs,
        opset: model.opset, constantCount: model.constantCount),
      metadata: model.metadata, warnings: quantizationWarnings())
  }

  /// ReLU and ReLU6 look the same where no quantisation can store a number above 6, and there they are the same.
  private mutating func nameSaturations() {
    func isStated(_ activation: ExportedActivation) -> Bool {
      nodes.indices.contains { saturations[$0] == nil && nodes[$0].operation == .activation(activation) }
    }
    guard isStated(.relu6) || (!isStated(.relu) && saturations.values.allSatisfy { $0 < 6.001 }) else {
      return
    }
    for number in saturations.keys {
      let node = nodes[number]
      nodes[number] = .init(
        operation: .activation(.relu6), inputs: node.inputs, shape: node.shape, name: node.name)
    }
  }

  private mutating func follow(_ number: Int) throws(CheckpointError) {
    let node = model.nodes[number]
    var tensors: [NumericTensor?] = []
    var dependsOnImage = false
    var isComputable = true
    for name in node.inputs {
      switch values[name] {
      case .tensor(let tensor, let depends)?:
        tensors.append(tensor)
        dependsOnImage = dependsOnImage || depends
      case nil where name.isEmpty: tensors.append(nil)
      default: isComputable = false
      }
    }
    let isConvolution = ONNXTranslation.convolutions.contains(node.operation)
    if isComputable, !(isConvolution && dependsOnImage), node.operation != "DynamicQuantizeLinear",
      let outputs = try evaluator.evaluate(node, tensors)
    {
      for (name, tensor) in zip(node.outputs, outputs) {
        values[name] = .tensor(tensor, dependsOnImage: dependsOnImage)
      }
      return
    }
    if let found = try networkValue(node, number) {
      if let output = node.outputs.first { values[output] = found }
      return
    }
    // Where the network was left for the first time names the operator that was not understood.
    var origin = number
    for name in node.inputs {
      if case .other(let earlier)? = values[name] { origin = earlier; break }
    }
    for output in node.outputs where values[output] == nil { values[output] = .other(origin) }
  }

  static let convolutions: Set<String> = ["Conv", "ConvInteger", "QLinearConv"]

  /// Adds the convolution of node `number` with its results times `scales` plus `offsets`, one of each for a channel.
  mutating func appendScaled(
    _ convolution: ExportedConvolution, of number: Int, by scales: [Float], adding offsets: [Float],
    name: String
  ) throws(CheckpointError) -> Int {
    // The weights are copied: a chain of operators must not copy them without end.
    try evaluator.spend(convolution.weight.count, on: "ONNX value '\(name)'")
    return append(
      .convolution(convolution.scaled(by: scales, adding: offsets)), nodes[number].inputs,
      shape: nodes[number].shape, name: name)
  }

  mutating func append(
    _ operation: ExportedNetwork.Operation, _ inputs: [Int], shape: [Int], name: String
  ) -> Int {
    nodes.append(.init(operation: operation, inputs: inputs, shape: shape, name: name))
    return nodes.count - 1
  }

  /// The network's value under `name`; elementwise operators that lead there become an activation.
  mutating func networkNode(_ name: String) throws(CheckpointError) -> Int? {
    switch values[name] {
    case .network(let number): return number
    case .function(let function):
      let number = try resolve(function, name: name)
      values[name] = .network(number)
      return number
    default: return nil
    }
  }

  /// What a convolution reads: a value of the network, or the image as the file has prepared it.
  mutating func convolutionInput(_ name: String, of node: ONNXModel.Node) throws(CheckpointError) -> Int {
    if let number = try networkNode(name) { return number }
    switch values[name] {
    case .tensor(let tensor, dependsOnImage: true)?:
      if image != nil {
        guard imageName == name else {
          throw .unusable(
            "more than one convolution reads the image ('\(node.label)'); a YOLOX network has one that does")
        }
        return 0
      }
      image = try input.described(tensor, byNode: node.label)
      imageName = name
      guard nodes.isEmpty else {
        throw .malformed(what: node.label, reason: "an image after the network began")
      }
      return append(.image, [], shape: tensor.shape, name: name)
    case .other(let number)?:
      let origin = model.nodes[number]
      if origin.operation == "Slice", let size = input.sizeOffGrid {
        throw .unusable(
          "the file crops its feature maps ('\(origin.label)'), because its input of \(size.height)x\(size.width) pixels is no multiple of 32; export it for \(size.roundedHeight)x\(size.roundedWidth)"
        )
      }
      throw .unusable(
        "the operator '\(origin.operation)' ('\(origin.label)') is none that a YOLOX network has at this place"
      )
    default:
      throw .malformed(what: "ONNX node '\(node.label)'", reason: "a convolution of constants")
    }
  }

  /// Nodes behind the last convolutions, and those convolutions by the names that the nodes or the outputs read.
  private mutating func decodingParts() throws(CheckpointError) -> ([ONNXModel.Node], [String: Int]) {
    var producers: [String: Int] = [:]
    for number in order {
      for output in model.nodes[number].outputs { producers[output] = number }
    }
    var predictions: [String: Int] = [:]
    var needed = Set<Int>()
    var waiting = model.outputs
    var seen = Set(waiting)
    while let name = waiting.popLast() {
      if case .tensor? = values[name] { continue }
      if let number = try prediction(name) {
        predictions[name] = number
        continue
      }
      guard let producer = producers[name] else { continue }
      needed.insert(producer)
      for input in model.nodes[producer].inputs where seen.insert(input).inserted { waiting.append(input) }
    }
    return (order.filter(needed.contains).map { model.nodes[$0] }, predictions)
  }

  /// The convolution that `name` is the result of, if it is one.
  private mutating func prediction(_ name: String) throws(CheckpointError) -> Int? {
    var found: Int?
    switch values[name] {
    case .network(let number): found = number
    case .function(let function) where function.saturation != nil: found = function.source
    case .function(let function) where function.affine != nil: found = try networkNode(name)
    default: break
    }
    // Joining predictions makes activations of their saturations.
    if let activation = found, saturations[activation] != nil { found = nodes[activation].inputs.first }
    guard let found, case .convolution = nodes[found].operation else { return nil }
    return found
  }
}

extension ONNXModel {
  /// Numbers of the nodes that the outputs depend on, each after those that it depends on.
  fileprivate func sortedNodes() throws(CheckpointError) -> [Int] {
    var producers: [String: Int] = [:]
    for (number, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        guard producers.updateValue(number, forKey: output) == nil else {
          throw .malformed(what: "ONNX graph", reason: "two nodes give '\(output)'")
        }
      }
    }
    enum Mark { case open, done }
    var marks = [Mark?](repeating: nil, count: nodes.count)
    var sorted: [Int] = []
    for output in outputs {
      guard let last = producers[output] else { continue }
      // Each entry: a node, and how many of its inputs were visited.
      var path = [(node: last, visited: 0)]
      while let (number, visited) = path.last {
        if visited == 0 {
          if marks[number] == .done {
            path.removeLast()
            continue
          }
          guard marks[number] == nil else { throw .malformed(what: "ONNX graph", reason: "it has a cycle") }
          marks[number] = .open
        }
        let inputs = nodes[number].inputs
        guard visited < inputs.count else {
          marks[number] = .done
          sorted.append(number)
          path.removeLast()
          continue
        }
        path[path.count - 1].visited += 1
        if constants[inputs[visited]] == nil, let producer = producers[inputs[visited]],
          marks[producer] != .done
        {
          path.append((producer, 0))
        }
      }
    }
    return sorted
  }
}
