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
