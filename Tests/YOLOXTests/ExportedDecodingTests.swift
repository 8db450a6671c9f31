import Checkpoints
import Engine
import TestSupport
import Testing
import YOLOX

@Suite("What ONNX files do to predictions")
struct ExportedDecodingTests {
  private static let small = Architecture(
    backbone: .cspDarknet(baseChannels: 8, baseDepth: 1, depthwise: true))

  /// A decoding export with NonMaxSuppression behind it, which reads the scores times objectness, or their square roots.
  private func selecting(squareRoots: Bool) throws -> [UInt8] {
    let graph = Graph.yolox(Self.small, classCount: 3)
    let weights = try PretrainedWeights(
      Checkpoint(
        format: .safetensors,
        metadata: ["input_size": "64x96", "preprocessing": "standard"], tensors: graph.randomParameters()))
    var more = ProtobufWriter()
    func node(_ operation: String, _ inputs: [String], _ output: String, permuting: Bool = false) {
      more.message(1) { node in
        for input in inputs { node.text(1, input) }
        node.text(2, output)
        node.text(4, operation)
        guard permuting else { return }
        node.message(5) { attribute in
          attribute.text(1, "perm")
          for index in [0, 2, 1] { attribute.number(8, index) }
          attribute.number(20, 7)
        }
      }
    }
    func integers(_ name: String, _ value: Int) {
      more.message(5) { tensor in
        tensor.number(1, 1)
        tensor.number(2, 7)
        tensor.number(7, value)
        tensor.text(8, name)
      }
    }
    for (name, value) in [("at_0", 0), ("at_4", 4), ("at_5", 5), ("at_8", 8), ("columns", 2)] {
      integers(name, value)
    }
    node("Slice", ["output", "at_0", "at_4", "columns"], "boxes")
    node("Slice", ["output", "at_4", "at_5", "columns"], "objectness")
    node("Slice", ["output", "at_5", "at_8", "columns"], "classes")
    node("Mul", ["objectness", "classes"], "products")
    if squareRoots { node("Sqrt", ["products"], "roots") }
    node("Transpose", [squareRoots ? "roots" : "products"], "scores", permuting: true)
    node("NonMaxSuppression", ["boxes", "scores"], "selected")
    more.message(12) { $0.text(1, "selected") }
    let options = ONNXExportOptions(inputSize: weights.inputSize, decode: true)
    return try appending(more.bytes, toGraphOf: weights.onnxFile(options))
  }

  /// - Parameter more: fields of a GraphProto.
  private func appending(_ more: [UInt8], toGraphOf file: [UInt8]) throws -> [UInt8] {
    var result: [UInt8] = []
    var rest = file[...]
    func varint() throws -> Int {
      var (value, shift) = (0, 0)
      while true {
        let next = rest.popFirst()
        let byte = try #require(next)
        value |= Int(byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 { return value }
      }
    }
    while !rest.isEmpty {
      let tag = try varint()
      var field = ProtobufWriter()
      if tag & 7 == 0 {
        field.number(tag >> 3, try varint())
      } else {
        let length = try varint()
        field.data(tag >> 3, Array(rest.prefix(length)) + (tag >> 3 == 7 ? more : []))
        rest = rest.dropFirst(length)
      }
      result += field.bytes
    }
    return result
  }

  @Test("a selection by scores times objectness is left to the thresholds that the user gives")
  func products() throws {
    let file = try selecting(squareRoots: false)
    let weights = try PretrainedWeights(Checkpoint(file, path: "test.onnx"))
    #expect(weights.classCount == 3)
  }

  @Test("a selection by the square roots of scores is rejected: its thresholds mean something else")
  func squareRoots() throws {
    let file = try selecting(squareRoots: true)
    let error = #expect(throws: ModelError.self) {
      try PretrainedWeights(Checkpoint(file, path: "test.onnx"))
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(
      text.contains("what 'NonMaxSuppression' reads as 'scores'") && text.contains("are the square roots"),
      "\(text)")
  }
}
