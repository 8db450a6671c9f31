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

/// A float32 tensor of one number (TensorProto: dims, data_type, name, raw_data).
private func tensor(_ name: String) -> [UInt8] {
  [0x08, 1, 0x10, 1] + field(8, name) + field(9, [0, 0, 0x80, 0x3F])
}

@Suite("ONNXFile")
struct ONNXFileTests {
  /// A model (ModelProto: ir_version, graph) with one convolution that reads `inputs`.
  private func convolutions(reading inputs: [String]) throws -> [Checkpoint.Convolution] {
    let node = inputs.flatMap { field(1, $0) } + field(2, "y") + field(4, "Conv")
    let graph = field(1, node) + field(5, tensor("w")) + field(5, tensor("b"))
    let file = URL.temporaryDirectory.appending(path: "\(UUID().uuidString).onnx")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data([0x08, 8] + field(7, graph)).write(to: file)
    return try #require(try Checkpoint.open(file.path).graph).convolutions
  }

  @Test("a convolution has its weights, and a bias if there is one")
  func bias() throws {
    #expect(try convolutions(reading: ["x", "w", "b"]).first?.bias?.values == [1])
    #expect(try convolutions(reading: ["x", "w"]).first?.bias == nil)
    #expect(try convolutions(reading: ["x", "w", ""]).first?.bias == nil)
  }

  @Test("weights or a bias that the graph computes are an error, not left out")
  func computed() {
    for inputs in [["x", "computed"], ["x", "w", "computed"], ["x"]] {
      #expect(throws: CheckpointError.self) { try convolutions(reading: inputs) }
    }
  }
}
