import Engine

/// The weights in an ONNX file: constants, and the convolutions in the order in which the graph runs them. Field
/// numbers are those of onnx.proto3.
enum ONNXFile {
  /// ModelProto begins with its `ir_version` (field 1, a small number) in every file that exporters write.
  static func looksLike(_ bytes: [UInt8]) -> Bool { bytes.count > 2 && bytes[0] == 0x08 && bytes[1] < 0x40 }

  private struct Node {
    var operation = ""
    var inputs: [String] = []
    var outputs: [String] = []
    /// Of a Constant.
    var value: Tensor?
  }

  static func read(_ bytes: [UInt8]) throws(CheckpointError) -> Checkpoint {
    var model = ProtobufReader(bytes[...], what: "ONNX model")
    while let (number, field) = try model.next() {
      if number == 7 { return try readGraph(field.message("ONNX graph")) }
    }
    throw .malformed(what: "ONNX model", reason: "no graph in it")
  }

  private static func readGraph(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) -> Checkpoint {
    var graph = ProtobufReader(bytes, what: "ONNX graph")
    var nodes: [Node] = []
    var tensors: Parameters = [:]
    var inputs: [(name: String, shape: [Int?])] = []
    while let (number, field) = try graph.next() {
      switch number {
      case 1: nodes.append(try readNode(field.message("ONNX node")))
      case 5:
        if let (name, tensor) = try readTensor(field.message("ONNX tensor")) { tensors[name] = tensor }
      case 11: inputs.append(try readInput(field.message("ONNX input")))
      default: break
      }
    }
    for node in nodes {
      guard let output = node.outputs.first else { continue }
      if let value = node.value { tensors[output] = value }
      // Newer exporters share equal weights through Identity.
      if node.operation == "Identity", let source = node.inputs.first { tensors[output] = tensors[source] }
    }
    if nodes.contains(where: { $0.operation == "BatchNormalization" }) {
      throw .unsupported(
        what: "an ONNX export with BatchNormalization left in it (export in evaluation mode, which folds it)")
    }
    var convolutions: [Checkpoint.Convolution] = []
    for node in nodes where node.operation == "Conv" {
      guard node.inputs.count >= 2, let weight = tensors[node.inputs[1]] else {
        throw .malformed(
          what: "ONNX node '\(node.outputs.first ?? "")'", reason: "a convolution without constant weights")
      }
      // An optional input that is left out has no name.
      let bias = node.inputs.dropFirst(2).first.flatMap { $0.isEmpty ? nil : $0 }
      if let bias, tensors[bias] == nil {
        throw .malformed(
          what: "ONNX node '\(node.outputs.first ?? "")'", reason: "a convolution whose bias is not constant")
      }
      convolutions.append(.init(weight: weight, bias: bias.flatMap { tensors[$0] }))
    }
    // Old exporters list the weights among the inputs.
    let image = inputs.first { tensors[$0.name] == nil }
    return Checkpoint(
      format: .onnx, tensors: tensors,
      graph: .init(convolutions: convolutions, inputShape: image?.shape ?? []))
  }

  private static func readNode(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) -> Node {
    var reader = ProtobufReader(bytes, what: "ONNX node")
    var node = Node()
    while let (number, field) = try reader.next() {
      switch number {
      case 1: node.inputs.append(try field.text("ONNX node"))
      case 2: node.outputs.append(try field.text("ONNX node"))
      case 4: node.operation = try field.text("ONNX node")
      case 5:
        var attribute = ProtobufReader(try field.message("ONNX attribute"), what: "ONNX attribute")
        while let (number, field) = try attribute.next(), node.value == nil {
          if number == 5 { node.value = try readTensor(field.message("ONNX tensor"))?.1 }
        }
      default: break
      }
    }
    return node
  }

  /// - Returns: `nil` for tensors of text and the like, which no convolution reads.
  private static func readTensor(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) -> (String, Tensor)? {
    var reader = ProtobufReader(bytes, what: "ONNX tensor")
    var shape: [Int] = []
    var type: ElementType?
    var name = ""
    var raw: ArraySlice<UInt8>?
    var floats: [Float] = []
    var integers: [Int] = []
    while let (number, field) = try reader.next() {
      switch number {
      case 1: shape += try field.integers("ONNX tensor")
      case 2: type = try elementTypes[field.integers("ONNX tensor").first ?? 0]
      case 4:
        switch field {
        case .number(let bits): floats.append(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .bytes(let packed): floats += ElementType.float32.floats(packed)
        }
      case 5, 7: integers += try field.integers("ONNX tensor")
      case 8: name = try field.text("ONNX tensor")
      case 9: raw = try field.message("ONNX tensor")
      case 14:
        throw .unsupported(
          what: "ONNX tensor '\(name)' in a file of its own (save with all data in one file)")
      default: break
      }
    }
    guard let type else { return nil }
    let count = try elementCount(shape, what: "ONNX tensor '\(name)'")
    let values: [Float]
    if let raw {
      guard raw.count == count * type.size else {
        throw .truncated(what: "ONNX tensor '\(name)'", needed: count * type.size, available: raw.count)
      }
      values = type.floats(raw)
    } else if type == .float16 || type == .bfloat16 {
      values = ElementType.floats(type, fromBits: integers)
    } else {
      values = floats.isEmpty ? integers.map(Float.init) : floats
    }
    guard values.count == count else {
      throw .truncated(what: "ONNX tensor '\(name)'", needed: count, available: values.count)
    }
    return (name, Tensor(shape: shape, values: values))
  }

  /// TensorProto.DataType
  private static let elementTypes: [Int: ElementType] = [
    1: .float32, 2: .uint8, 3: .int8, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16, 11: .float64,
    16: .bfloat16,
  ]

  /// ValueInfoProto: name, and the lengths of a tensor where they are fixed.
  private static func readInput(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) -> (String, [Int?]) {
    let what = "ONNX input"
    var reader = ProtobufReader(bytes, what: what)
    var name = ""
    var shape: [Int?] = []
    while let (number, field) = try reader.next() {
      if number == 1 { name = try field.text(what) }
      // TypeProto.tensor_type (1) . shape (2) . dim (1)* . dim_value (1)
      if number == 2, let tensor = try first(1, in: field.message(what)),
        let dimensions = try first(2, in: tensor)
      {
        var list = ProtobufReader(dimensions, what: what)
        while let (number, field) = try list.next() {
          if number == 1 { shape.append(try dimensionLength(field.message(what))) }
        }
      }
    }
    return (name, shape)
  }

  private static func first(_ wanted: Int, in bytes: ArraySlice<UInt8>) throws(CheckpointError) -> ArraySlice<
    UInt8
  >? {
    var reader = ProtobufReader(bytes, what: "ONNX input")
    while let (number, field) = try reader.next() {
      if number == wanted { return try field.message("ONNX input") }
    }
    return nil
  }

  private static func dimensionLength(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) -> Int? {
    var reader = ProtobufReader(bytes, what: "ONNX input")
    while let (number, field) = try reader.next() {
      if number == 1 { return try field.integers("ONNX input").first }
    }
    return nil
  }
}

extension ElementType {
  /// `int32_data` holds the bits of 16-bit floats.
  fileprivate static func floats(_ type: ElementType, fromBits integers: [Int]) -> [Float] {
    integers.map { bits in
      type == .float16
        ? Float(halfBits: UInt16(truncatingIfNeeded: bits))
        : Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: bits)) << 16)
    }
  }
}
