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
}
