import Checkpoints
import Engine
import Foundation
import Testing

@Suite("Safetensors")
struct SafetensorsTests {
  private func file(_ header: String, data: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + data
  }

  @Test("what is written is read again, with its metadata")
  func roundTrip() throws {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "yolox-\(UUID().uuidString).safetensors"
    ).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tensors: Parameters = [
      "b": Tensor(shape: [2, 2], values: [1, -2, .infinity, 0]), "a": Tensor(shape: [], values: [7]),
      "empty": Tensor(shape: [0, 3], values: []),
    ]
    try Safetensors.write(tensors, metadata: ["labels": "cat\ndog"], to: path)
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint.tensors == tensors)
    #expect(checkpoint.metadata == ["labels": "cat\ndog"])
  }

  @Test(
    "headers that lie about shapes, offsets or lengths are errors",
    arguments: [
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
      #"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#,
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, #"{"a": 1}"#, "{",
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    ])
  func lies(header: String) {
    #expect(throws: CheckpointError.self) { try Checkpoint(file(header, data: [0, 0, 0, 0]), path: "x") }
  }

  @Test("entries that overlap are rejected before any of them is decoded", .timeLimit(.minutes(5)))
  func overlap() {
    // 20,000 entries of the same megabyte would decode to 80 GB of floats.
    let size = 1 << 20
    let entries = (0..<20_000).map {
      #""e\#($0)":{"dtype":"U8","shape":[\#(size)],"data_offsets":[0,\#(size)]}"#
    }
    let bytes = file("{" + entries.joined(separator: ",") + "}", data: [UInt8](repeating: 1, count: size))
    let error = #expect(throws: CheckpointError.self) { try Checkpoint(bytes, path: "x") }
    #expect(error?.description.contains("overlap") == true)
  }

  @Test("a header of more entries than any network has is not decoded", .timeLimit(.minutes(1)))
  func longHeader() {
    let entries = (0..<400_000).map { #""e\#($0)":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"# }
    let bytes = file("{" + entries.joined(separator: ",") + "}", data: [])
    let error = #expect(throws: CheckpointError.self) { try Checkpoint(bytes, path: "x") }
    #expect(error?.description.contains("maximum of 4194304") == true)
  }

  @Test("a tensor of seventeen dimensions is an error")
  func dimensions() throws {
    let deep =
      #"{"a":{"dtype":"F32","shape":[\#((0..<17).map { _ in "1" }.joined(separator: ","))],"data_offsets":[0,4]}}"#
    #expect(throws: CheckpointError.self) { try Checkpoint(file(deep, data: [0, 0, 0, 0]), path: "x") }
  }

  @Test("numbers are stored as float16 or bfloat16, rounded to the nearest, ties to even")
  func narrow() throws {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "yolox-\(UUID().uuidString).safetensors"
    ).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    // Expected values from numpy: float32(float16(x)), and ml_dtypes' bfloat16.
    let values: [Float] = [
      0, -0.0, 1, 1.000_488_3, 1.000_488_2, 1.001_464_8, 65504, 65519.9, 6.103_515_6e-5, 6.097_555e-5,
      5.960_464_5e-8, 2.980_232_2e-8, 2.980_232_6e-8, -0.1, 3.141_592_7, .infinity, -.infinity,
    ]
    let half: [Float] = [
      0, -0.0, 1, 1, 1, 1.001_953_1, 65504, 65504, 6.103_515_6e-5, 6.097_555_2e-5, 5.960_464_5e-8, 0,
      5.960_464_5e-8, -0.099_975_586, 3.140_625, .infinity, -.infinity,
    ]
    let brain: [Float] = [
      0, -0.0, 1, 1, 1, 1, 65536, 65536, 6.103_515_6e-5, 6.103_515_6e-5, 5.960_464_5e-8, 2.980_232_2e-8,
      2.980_232_2e-8, -0.100_097_656, 3.140_625, .infinity, -.infinity,
    ]
    let tensors: Parameters = [
      "matrix": Tensor(shape: [1, values.count], values: values)
    ]
    for (name, expected) in [("f16", half), ("bf16", brain), ("f32", values)] {
      let type = try #require(ElementType.writable[name])
      try Safetensors.write(tensors, as: type, to: path)
      let read = try Checkpoint.open(path).tensors
      #expect(read["matrix"]?.values.map(\.bitPattern) == expected.map(\.bitPattern), "\(name)")
    }
  }

  @Test("a tensor with a number beyond the range of float16 or bfloat16 stays float32")
  func tooLarge() throws {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "yolox-\(UUID().uuidString).safetensors"
    ).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    for (name, large) in [("f16", 65520), ("bf16", Float.greatestFiniteMagnitude)] as [(String, Float)] {
      let tensors: Parameters = [
        "wide": Tensor(shape: [2], values: [large, 0.1]), "narrow": Tensor(shape: [2], values: [1, 0.1]),
      ]
      try Safetensors.write(tensors, as: try #require(ElementType.writable[name]), to: path)
      let read = try Checkpoint.open(path).tensors
      #expect(read["wide"] == tensors["wide"])
      #expect(read["narrow"] != tensors["narrow"])
    }
  }
}
