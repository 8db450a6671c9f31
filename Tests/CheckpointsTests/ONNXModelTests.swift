import Checkpoints
import Engine
import Foundation
import Testing

/// A field of a protobuf message that has a length.
private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
  var length: [UInt8] = []
  var rest = bytes.count
  repeat {
    length.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
    rest >>= 7
  } while rest > 0
  return [number << 3 | 2] + length + bytes
}

private func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

/// A float32 tensor (TensorProto: dims, data_type, name, raw_data).
private func tensor(_ name: String, shape: [UInt8], _ values: [Float]) -> [UInt8] {
  shape.flatMap { [0x08, $0] } + [0x10, 1] + field(8, name)
    + field(9, values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
}

/// An int64 tensor.
private func tensor(_ name: String, shape: [UInt8], _ values: [Int]) -> [UInt8] {
  shape.flatMap { [0x08, $0] } + [0x10, 7] + field(8, name)
    + field(9, values.flatMap { value in withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) } })
}

/// Nodes and constants of a graph with an image `[1, 3, 4, 4]` `x`, a weight `w` `[1, 3, 1, 1]` and the output `y`.
private func checkpoint(_ nodes: [[UInt8]], _ constants: [[UInt8]]) throws(CheckpointError) -> Checkpoint {
  let lengths = [1, 3, 4, 4].flatMap { field(1, [0x08, $0]) }
  let image = field(1, "x") + field(2, field(1, [0x08, 1] + field(2, lengths)))
  let graph =
    nodes.flatMap { field(1, $0) } + constants.flatMap { field(5, $0) }
    + field(5, tensor("w", shape: [1, 3, 1, 1], [Float(1), 2, 3])) + field(11, image)
    + field(12, field(1, "y"))
  return try Checkpoint([0x08, 8] + field(7, graph), path: "test.onnx")
}

private func node(
  _ operation: String, _ inputs: [String], _ output: String, _ attributes: [UInt8] = []
) -> [UInt8] {
  inputs.flatMap { field(1, $0) } + field(2, output) + field(4, operation) + attributes
}

/// An attribute that is an integer.
private func attribute(_ name: String, _ value: UInt8) -> [UInt8] {
  field(5, field(1, name) + [0x18, value, 0xA0, 1, 2])
}

@Suite("ONNX files of no network that can be run")
struct ONNXRefusalTests {
  @Test("a crop of feature maps is rejected with the size to export for")
  func cropped() {
    // What GreenWaves' exports for 240x320 have: maps that were enlarged lose a row.
    let nodes = [
      node("Conv", ["x", "w"], "map"), node("Slice", ["map", "start", "end", "axis"], "crop"),
      node("Conv", ["crop", "one"], "y"),
    ]
    let constants = [
      tensor("start", shape: [1], [0]), tensor("end", shape: [1], [3]), tensor("axis", shape: [1], [2]),
      tensor("one", shape: [1, 1, 1, 1], [Float(1)]),
    ]
    let error = #expect(throws: CheckpointError.self) { try checkpoint(nodes, constants) }
    let text = error?.description ?? ""
    #expect(text.contains("crops its feature maps ('crop')"), "\(text)")
    #expect(text.contains("input of 4x4 pixels is no multiple of 32; export it for 32x32"), "\(text)")
  }

  @Test(
    "constants that unfold into more numbers than the file could need are rejected before they are made",
    .timeLimit(.minutes(1)),
    arguments: [
      ("ConstantOfShape", ["shape"]), ("Expand", ["one", "shape"]), ("Tile", ["square", "shape"]),
      ("Range", ["zero", "far", "one"]), ("Gather", ["row", "indices"]),
    ])
  func unfolding(operation: String, inputs: [String]) {
    let constants = [
      tensor("shape", shape: [2], [1 << 18, 1 << 19]), tensor("one", shape: [], [Float(1)]),
      tensor("zero", shape: [], [Float(0)]), tensor("far", shape: [], [Float(1e12)]),
      tensor("square", shape: [1, 1], [Float(1)]),
      [0x08, 1, 0x08, 0x80, 32, 0x10, 1] + field(8, "row") + field(9, [UInt8](repeating: 0, count: 4 * 4096)),
      [0x08, 0x80, 32, 0x10, 7] + field(8, "indices") + field(9, [UInt8](repeating: 0, count: 8 * 4096)),
    ]
    let nodes = [node(operation, inputs, "c"), node("Add", ["x", "c"], "z"), node("Conv", ["z", "w"], "y")]
    #expect(throws: CheckpointError.self) { try checkpoint(nodes, constants) }
  }

  @Test("tensors without numbers cost nothing, however long they are", .timeLimit(.minutes(1)))
  func emptyTensors() {
    // 2^39 rows of nothing, joined; and a million places of 65,536 rows of nothing.
    let rows: [UInt8] =
      [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0x08, 0, 0x10, 1] + field(8, "rows") + field(9, [])
    let columns: [UInt8] =
      [0x08, 0x80, 0x80, 4, 0x08, 1, 0x08, 0, 0x10, 1] + field(8, "columns") + field(9, [])
    let indices =
      [0x08, 0x80, 0x80, 16, 0x10, 7] + field(8, "indices") + field(9, [UInt8](repeating: 0, count: 8 << 18))
    let nodes = [
      node("Concat", ["rows", "rows"], "a", attribute("axis", 1)),
      node("Gather", ["columns", "indices"], "b", attribute("axis", 1)),
      node("Size", ["a"], "m"), node("Size", ["b"], "n"), node("Add", ["m", "n"], "s"),
      node("Cast", ["s"], "f", attribute("to", 1)), node("Add", ["x", "f"], "z"),
      node("Conv", ["z", "w"], "y"),
    ]
    #expect(throws: Never.self) { try checkpoint(nodes, [rows, columns, indices]) }
  }

  @Test("graphs within graphs are not entered, however deep", .timeLimit(.minutes(1)))
  func nested() {
    // Each level copies the inner ones: a depth of 3000 is a file of 100 kB.
    var inner: [UInt8] = []
    for _ in 0..<3000 {
      inner = field(1, node("If", [], "o", field(5, field(1, "then_branch") + field(6, inner))))
    }
    let outer = field(2, "o") + field(4, "If") + field(5, field(1, "then_branch") + field(6, inner))
    let error = #expect(throws: CheckpointError.self) {
      try checkpoint([node("Conv", ["x", "w"], "c"), outer, node("Conv", ["o", "w"], "y")], [])
    }
    #expect(error?.description.contains("'If'") == true)
  }

  @Test("a million nodes are too many")
  func manyNodes() {
    let nodes = (0..<1_000_000).map { _ in [UInt8(0x22), 1, 0x41] }
    let error = #expect(throws: CheckpointError.self) { try checkpoint(nodes, []) }
    #expect(error?.description.contains("more than 100000 nodes") == true)
  }
}

@Suite("Scales of quantised ONNX files")
struct QuantizationCheckTests {
  /// What the file says of layer 5 of ten; the others are sound.
  private struct Fault {
    var weightScale: Float = 1
    var resultScale: Float = 1
    var hasBias = true
  }

  /// Ten convolutions, 3 channels to 3, each with QuantizeLinear and DequantizeLinear before it, as ONNX Runtime's
  /// quantiser writes them.
  private func warnings(_ fault: Fault) throws -> [String] {
    func scalar(_ name: String, _ value: Float) -> [UInt8] { tensor(name, shape: [], [value]) }
    var constants = [
      [0x10, 2] + field(8, "zero") + field(9, [0]), [0x10, 2] + field(8, "middle") + field(9, [128]),
      [0x08, 3, 0x08, 3, 0x08, 1, 0x08, 1, 0x10, 3] + field(8, "integers")
        + field(9, [UInt8](repeating: 100, count: 9)),
      [0x08, 3, 0x10, 6] + field(8, "bias") + field(9, [UInt8](repeating: 0, count: 12)),
    ]
    var nodes = [
      node("QuantizeLinear", ["x", "scale_0", "zero"], "q_0"),
      node("DequantizeLinear", ["q_0", "scale_0", "zero"], "d_0"),
    ]
    constants.append(scalar("scale_0", 1))
    var (inputScale, magnitude): (Float, Float) = (1, 255)
    for layer in 1...10 {
      let isFaulty = layer == 5
      let weightScale: Float = 0.01
      // Of what three inputs of full size can give, calibration saw a fifth.
      let resultScale = magnitude * 3 * 100 * weightScale / 5 / 128
      constants += [
        scalar("w_\(layer)", weightScale * (isFaulty ? fault.weightScale : 1)),
        scalar("b_\(layer)", inputScale * weightScale),
        scalar("scale_\(layer)", resultScale * (isFaulty ? fault.resultScale : 1)),
      ]
      nodes += [
        node("DequantizeLinear", ["integers", "w_\(layer)"], "weight_\(layer)"),
        node("DequantizeLinear", ["bias", "b_\(layer)"], "bias_\(layer)"),
        node(
          "Conv", ["d_\(layer - 1)", "weight_\(layer)"] + (fault.hasBias ? ["bias_\(layer)"] : []),
          layer == 10 ? "y" : "c_\(layer)"),
        node("QuantizeLinear", ["c_\(layer)", "scale_\(layer)", "middle"], "q_\(layer)"),
        node("DequantizeLinear", ["q_\(layer)", "scale_\(layer)", "middle"], "d_\(layer)"),
      ]
      (inputScale, magnitude) = (resultScale, resultScale * 128)
    }
    return try #require(try checkpoint(nodes, constants).network).warnings
  }

  @Test("that fit each other give no warning")
  func sound() throws {
    #expect(try warnings(Fault()).isEmpty)
    #expect(try warnings(Fault(hasBias: false)).isEmpty)
    // Calibration may clip ranges, and leave them wide.
    for scale: Float in [0.2, 0.5, 2, 4] {
      #expect(try warnings(Fault(resultScale: scale, hasBias: false)).isEmpty, "\(scale)")
    }
  }

  @Test(
    "of a layer that are a thousand times too large or too small are named",
    arguments: [1000, 0.001] as [Float])
  func wrong(factor: Float) throws {
    for fault in [Fault(weightScale: factor, hasBias: false), Fault(resultScale: factor, hasBias: false)] {
      let warnings = try warnings(fault)
      #expect(warnings.count == 1 && warnings[0].contains("'c_5'"), "\(warnings)")
    }
  }

  @Test("of weights are compared with those of their bias")
  func bias() throws {
    for factor: Float in [0.5, 1.1, 3] {
      let warnings = try warnings(Fault(weightScale: factor))
      #expect(warnings.count == 1 && warnings[0].contains("that of a bias"), "\(factor): \(warnings)")
    }
  }

  @Test("that are no positive numbers are an error", arguments: [-0.01, .nan, .infinity] as [Float])
  func invalid(scale: Float) {
    let error = #expect(throws: CheckpointError.self) { try warnings(Fault(weightScale: scale)) }
    #expect(error?.description.contains("it must be positive") == true)
  }
}

@Suite("ONNX files")
struct ONNXModelTests {
  /// A model (ModelProto: ir_version, graph) of an image `[1, 3, 4, 4]` and one convolution that reads `inputs`.
  private func convolution(reading inputs: [String]) throws -> ExportedConvolution? {
    let node = inputs.flatMap { field(1, $0) } + field(2, "y") + field(4, "Conv")
    let lengths = [1, 3, 4, 4].flatMap { field(1, [0x08, $0]) }
    let image = field(1, "x") + field(2, field(1, [0x08, 1] + field(2, lengths)))
    let weight = tensor("w", shape: [1, 3, 1, 1], [1, 2, 3])
    let graph =
      field(1, node) + field(5, weight) + field(5, tensor("b", shape: [1], [1])) + field(11, image)
      + field(12, field(1, "y"))
    let network = try #require(try Checkpoint([0x08, 8] + field(7, graph), path: "test.onnx").network)
    return network.nodes.lazy.compactMap { node in
      if case .convolution(let convolution) = node.operation { convolution } else { nil }
    }.first
  }

  @Test("a convolution has its weights, and a bias if there is one")
  func bias() throws {
    #expect(try convolution(reading: ["x", "w", "b"])?.bias == [1])
    #expect(try convolution(reading: ["x", "w"])?.bias == [0])
    #expect(try convolution(reading: ["x", "w", ""])?.bias == [0])
    #expect(try convolution(reading: ["x", "w"])?.weight.values == [1, 2, 3])
  }

  @Test("weights or a bias that the graph computes are an error, not left out")
  func computed() {
    for inputs in [["x", "computed"], ["x", "w", "computed"], ["x"]] {
      #expect(throws: CheckpointError.self) { try convolution(reading: inputs) }
    }
  }

  /// A model with `nodes`, constants and an image `[1, 3, 4, 4]` `x`.
  private func model(_ nodes: [[UInt8]], _ constants: [[UInt8]], output: String) -> [UInt8] {
    let lengths = [1, 3, 4, 4].flatMap { field(1, [0x08, $0]) }
    let image = field(1, "x") + field(2, field(1, [0x08, 1] + field(2, lengths)))
    let graph =
      nodes.flatMap { field(1, $0) } + constants.flatMap { field(5, $0) } + field(11, image)
      + field(12, field(1, output))
    return [0x08, 8] + field(7, graph)
  }

  private func node(_ operation: String, _ inputs: [String], _ output: String) -> [UInt8] {
    inputs.flatMap { field(1, $0) } + field(2, output) + field(4, operation)
  }

  @Test("a chain of scales does not copy a convolution's weights without end", .timeLimit(.minutes(5)))
  func scaledChain() {
    // 3 million weights, 20,000 times: 240 GB.
    let channels = 200
    let weight =
      [0x08, 200, 1, 0x08, 3, 0x08, 70, 0x08, 70, 0x10, 1] + field(8, "w")
      + field(9, [UInt8](repeating: 0, count: channels * 3 * 4900 * 4))
    let scale = tensor("s", shape: [1, 1, 1], [2])
    let pads = field(1, "pads") + [35, 35, 35, 35].flatMap { [0x40, $0] } + [0xA0, 1, 7]
    let convolution = node("Conv", ["x", "w"], "0") + field(5, pads)
    let chain = (0..<20_000).map { node("Mul", ["\($0)", "s"], "\($0 + 1)") }
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(model([convolution] + chain, [weight, scale], output: "20000"), path: "test.onnx")
    }
    #expect(error?.description.contains("more numbers than can be checked") == true)
  }

  @Test("lengths of an empty constant are bounded: strides are made of them")
  func emptyConstant() {
    let length: [UInt8] = [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]  // 2^39
    let empty = [0x08, 0] + length + length + [0x10, 1] + field(8, "e") + field(9, [])
    let bytes = model([node("Transpose", ["e"], "0"), node("Add", ["0", "x"], "1")], [empty], output: "1")
    let error = #expect(throws: CheckpointError.self) { try Checkpoint(bytes, path: "test.onnx") }
    #expect(error?.description.contains("549755813888, 549755813888") == true)
  }

  @Test("small inputs that unfold into large outputs are counted", .timeLimit(.minutes(5)))
  func gatheredChain() {
    // Each node makes 16 million numbers of 4096 indices and 4096 numbers.
    let row =
      [0x08, 1, 0x08, 0x80, 32, 0x10, 1] + field(8, "row") + field(9, [UInt8](repeating: 0, count: 4 * 4096))
    let index =
      [0x08, 0x80, 32, 0x10, 7] + field(8, "index") + field(9, [UInt8](repeating: 0, count: 8 * 4096))
    let nodes = (0..<2_000).map { node("Gather", ["row", "index"], "\($0)") }
    let sum = (1..<2_000).map { node("Add", [$0 == 1 ? "0" : "s\($0 - 1)", "\($0)"], "s\($0)") }
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(model(nodes + sum, [row, index], output: "s1999"), path: "test.onnx")
    }
    #expect(error?.description.contains("more numbers than can be checked") == true)
  }

  @Test("a long chain of functions costs no more than its length", .timeLimit(.minutes(5)))
  func longChain() throws {
    let weight = tensor("w", shape: [1, 3, 1, 1], [1, 2, 3])
    let chain = (0..<4_000).map { node("Sigmoid", ["\($0)"], "\($0 + 1)") }
    let bytes = model([node("Conv", ["x", "w"], "0")] + chain, [weight], output: "4000")
    #expect(try Checkpoint(bytes, path: "test.onnx").network?.predictions.count == 1)
  }
}
