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
}
