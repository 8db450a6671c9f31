/// An ONNX file before anything is made of it: nodes, constants, inputs, outputs. Field numbers are those of onnx.proto3.
///
/// Everything is read without recursion, and counts are limited, so that a hostile file costs a small multiple of its
/// own size.
struct ONNXModel {
  struct Node {
    var name = ""
    var operation = ""
    var domain = ""
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [String: Attribute] = [:]
  }

  enum Attribute {
    case int(Int)
    case float(Float)
    case string(String)
    case ints([Int])
    case floats([Float])
    case tensor(NumericTensor)
    /// A nested graph, of `If` and `Loop`.
    case other
  }

  struct Input {
    var name = ""
    /// TensorProto.DataType
    var elementType = 0
    /// `nil` for lengths that are left open.
    var shape: [Int?] = []
  }

  var nodes: [Node] = []
  var constants: [String: NumericTensor] = [:]
  /// Numbers of all constants, those in attributes included.
  private(set) var constantCount = 0
  var inputs: [Input] = []
  var outputs: [String] = []
  var metadata: [String: String] = [:]
  /// Version of the standard operators.
  var opset = 1

  static let limit = 100_000

  /// ModelProto begins with its `ir_version` (field 1, a small number) in every file that exporters write.
  static func looksLike(_ bytes: [UInt8]) -> Bool { bytes.count > 2 && bytes[0] == 0x08 && bytes[1] < 0x40 }

  init(_ bytes: [UInt8], externalData: ExternalData) throws(CheckpointError) {
    var reader = ProtobufReader(bytes[...], what: "ONNX model")
    var graph: ArraySlice<UInt8>?
    var tensors = TensorReader(externalData: externalData, fileSize: bytes.count)
    while let (number, field) = try reader.next() {
      switch number {
      case 7: graph = try field.message("ONNX graph")
      case 8: try readOpset(field.message("ONNX opset"))
      case 14: try readMetadata(field.message("ONNX metadata"))
      default: break
      }
    }
    guard let graph else { throw .malformed(what: "ONNX model", reason: "it has no graph") }
    try readGraph(graph, &tensors)
    constantCount = tensors.numberCount
    nodes = nodes.flatMap { $0.inStandardOperators(constants) }
  }

  private mutating func readGraph(
    _ bytes: ArraySlice<UInt8>, _ tensors: inout TensorReader
  ) throws(CheckpointError) {
    var graph = ProtobufReader(bytes, what: "ONNX graph")
    while let (number, field) = try graph.next() {
      switch number {
      case 1: nodes.append(try ONNXModel.node(field.message("ONNX node"), &tensors))
      case 5:
        let (name, tensor) = try tensors.read(field.message("ONNX tensor"))
        if let tensor { constants[name] = tensor }
      case 11: inputs.append(try ONNXModel.input(field.message("ONNX input")))
      case 12: outputs.append(try ONNXModel.input(field.message("ONNX output")).name)
      case 15: throw .unsupported(what: "ONNX file with sparse initializers")
      default: break
      }
      guard nodes.count + constants.count + inputs.count + outputs.count <= ONNXModel.limit else {
        throw .malformed(what: "ONNX graph", reason: "more than \(ONNXModel.limit) nodes and constants")
      }
    }
  }

  private mutating func readOpset(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
    var reader = ProtobufReader(bytes, what: "ONNX opset")
    var domain = ""
    var version = 1
    while let (number, field) = try reader.next() {
      if number == 1 { domain = try field.text("ONNX opset") }
      if number == 2 { version = try field.integers("ONNX opset").first ?? 1 }
    }
    if domain.isEmpty || domain == "ai.onnx" { opset = version }
  }

  private mutating func readMetadata(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
    let (key, value) = try keyAndValue(bytes, "ONNX metadata")
    metadata[key] = value
    guard metadata.count <= ONNXModel.limit else {
      throw .malformed(what: "ONNX metadata", reason: "more than \(ONNXModel.limit) entries")
    }
  }

  private static func node(
    _ bytes: ArraySlice<UInt8>, _ tensors: inout TensorReader
  ) throws(CheckpointError) -> Node {
    var reader = ProtobufReader(bytes, what: "ONNX node")
    var node = Node()
    while let (number, field) = try reader.next() {
      switch number {
      case 1: node.inputs.append(try field.text("ONNX node"))
      case 2: node.outputs.append(try field.text("ONNX node"))
      case 3: node.name = try field.text("ONNX node")
      case 4: node.operation = try field.text("ONNX node")
      case 5:
        let (name, value) = try attribute(field.message("ONNX attribute"), &tensors)
        node.attributes[name] = value
      case 7: node.domain = try field.text("ONNX node")
      default: break
      }
    }
    if node.domain == "ai.onnx" { node.domain = "" }
    return node
  }

  private static func attribute(
    _ bytes: ArraySlice<UInt8>, _ tensors: inout TensorReader
  ) throws(CheckpointError) -> (String, Attribute) {
    let what = "ONNX attribute"
    var reader = ProtobufReader(bytes, what: what)
    var name = ""
    var type: Int?
    var value: Attribute?
    var ints: [Int] = []
    var floats: [Float] = []
    while let (number, field) = try reader.next() {
      switch number {
      case 1: name = try field.text(what)
      case 2:
        if case .number(let bits) = field {
          value = .float(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        }
      case 3: value = .int(try field.integers(what).first ?? 0)
      case 4: value = .string(String(decoding: try field.message(what), as: UTF8.self))
      case 5: value = try tensors.read(field.message(what)).1.map { .tensor($0) } ?? .other
      case 6, 10, 11: value = .other
      case 7: floats += try field.floats(what)
      case 8: ints += try field.integers(what)
      case 20: type = try field.integers(what).first
      default: break
      }
    }
    // AttributeType: a list that is empty has no field of its own.
    switch (value, type) {
    case (let value?, _): return (name, value)
    case (nil, 1): return (name, .float(0))
    case (nil, 2): return (name, .int(0))
    case (nil, 6): return (name, .floats(floats))
    default: return (name, floats.isEmpty ? .ints(ints) : .floats(floats))
    }
  }

  /// ValueInfoProto: name, element type, and the lengths of a tensor where they are fixed.
  private static func input(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) -> Input {
    let what = "ONNX input"
    var reader = ProtobufReader(bytes, what: what)
    var input = Input()
    while let (number, field) = try reader.next() {
      if number == 1 { input.name = try field.text(what) }
      // TypeProto.tensor_type (1): elem_type (1), shape (2) . dim (1)* . dim_value (1)
      guard number == 2, let tensor = try first(1, in: field.message(what)) else { continue }
      input.elementType = try first(1, in: tensor.message(what))?.integers(what).first ?? 0
      guard let dimensions = try first(2, in: tensor.message(what)) else { continue }
      var list = ProtobufReader(try dimensions.message(what), what: what)
      while let (number, field) = try list.next() {
        guard number == 1 else { continue }
        let length = try first(1, in: field.message(what))?.integers(what).first
        // Some exporters write 0 or -1 for a length that is open.
        input.shape.append(length.flatMap { $0 > 0 ? $0 : nil })
      }
      guard input.shape.count <= 16 else {
        throw .malformed(what: what, reason: "\(input.shape.count) dimensions")
      }
    }
    return input
  }

  private static func first(
    _ wanted: Int, in bytes: ArraySlice<UInt8>
  ) throws(CheckpointError) -> ProtobufReader.Field? {
    var reader = ProtobufReader(bytes, what: "ONNX input")
    while let (number, field) = try reader.next() {
      if number == wanted { return field }
    }
    return nil
  }
}

/// StringStringEntryProto
func keyAndValue(_ bytes: ArraySlice<UInt8>, _ what: String) throws(CheckpointError) -> (String, String) {
  var reader = ProtobufReader(bytes, what: what)
  var (key, value) = ("", "")
  while let (number, field) = try reader.next() {
    if number == 1 { key = try field.text(what) }
    if number == 2 { value = try field.text(what) }
  }
  return (key, value)
}

extension ONNXModel.Node {
  /// What errors call the node.
  var label: String { name.isEmpty ? outputs.first ?? operation : name }

  func int(_ name: String) -> Int? { if case .int(let value)? = attributes[name] { value } else { nil } }
  func float(_ name: String) -> Float? {
    if case .float(let value)? = attributes[name] { value } else { nil }
  }
  func string(_ name: String) -> String? {
    if case .string(let value)? = attributes[name] { value } else { nil }
  }
  func ints(_ name: String) -> [Int]? { if case .ints(let value)? = attributes[name] { value } else { nil } }
  func floats(_ name: String) -> [Float]? {
    if case .floats(let value)? = attributes[name] { value } else { nil }
  }
}
