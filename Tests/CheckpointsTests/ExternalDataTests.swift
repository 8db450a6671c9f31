import Checkpoints
import Foundation
import Testing

/// An ONNX file of one convolution whose weights `[1, 3, 1, 1]` lie in another file.
private func model(location: String, offset: String, length: String) -> [UInt8] {
  func dimensions(_ lengths: [Int]) -> (inout ProtobufWriter) -> Void {
    { shape in for length in lengths { shape.message(1) { $0.number(1, length) } } }
  }
  var file = ProtobufWriter()
  file.number(1, 8)
  file.message(7) { graph in
    graph.message(1) { node in
      node.text(1, "x")
      node.text(1, "w")
      node.text(2, "y")
      node.text(4, "Conv")
    }
    graph.message(5) { tensor in
      for length in [1, 3, 1, 1] { tensor.number(1, length) }
      tensor.number(2, 1)
      tensor.text(8, "w")
      for (key, value) in [("location", location), ("offset", offset), ("length", length)] {
        tensor.message(13) { entry in
          entry.text(1, key)
          entry.text(2, value)
        }
      }
      tensor.number(14, 1)
    }
    graph.message(11) { input in
      input.text(1, "x")
      input.message(2) { type in
        type.message(1) { tensor in
          tensor.number(1, 1)
          tensor.message(2, dimensions([1, 3, 4, 4]))
        }
      }
    }
    graph.message(12) { $0.text(1, "y") }
  }
  return file.bytes
}

@Suite("External data of ONNX files")
struct ExternalDataTests {
  /// A folder with `model.onnx` and a file `data` of 64 bytes.
  private func open(
    location: String = "data", offset: String = "0", length: String = "12",
    prepare: (_ folder: String) throws -> Void = { _ in }
  ) throws -> Checkpoint {
    let folder = FileManager.default.temporaryDirectory.appending(path: "yolox-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(count: 64).write(to: URL(filePath: folder + "/data"))
    try Data(model(location: location, offset: offset, length: length))
      .write(to: URL(filePath: folder + "/model.onnx"))
    try prepare(folder)
    return try Checkpoint.open(folder + "/model.onnx")
  }

  private func makeSparse(_ path: String) throws {
    FileManager.default.createFile(atPath: path, contents: nil)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 8 << 30)
    try handle.close()
  }

  @Test("is read where the file says")
  func sound() throws {
    for offset in ["0", "52"] { #expect(try open(offset: offset).network != nil) }
  }

  @Test(
    "at offsets beyond the file, or of other lengths, is an error",
    arguments: [
      ("53", "12"), ("9223372036854775804", "12"), ("-4", "12"), ("x", "12"), ("0", "-12"),
      ("0", "9223372036854775807"), ("18446744073709551612", "12"),
    ])
  func beyond(offset: String, length: String) {
    #expect(throws: CheckpointError.self) { try open(offset: offset, length: length) }
  }

  @Test("is neither read from a pipe nor from a folder, nor from another folder", .timeLimit(.minutes(1)))
  func irregular() {
    for location in ["pipe", ".", "..", "../data", "/dev/zero"] {
      #expect(throws: CheckpointError.self, "\(location)") {
        try open(location: location) { folder in _ = mkfifo(folder + "/pipe", 0o600) }
      }
    }
  }

  @Test("of 8 GiB is rejected by its size, and so is a model of that size", .timeLimit(.minutes(1)))
  func sparse() {
    let data = #expect(throws: CheckpointError.self) {
      try open { folder in try makeSparse(folder + "/data") }
    }
    #expect(data?.description.contains("at most 4294967296") == true)
    let file = #expect(throws: CheckpointError.self) {
      try open { folder in try makeSparse(folder + "/model.onnx") }
    }
    #expect(file?.description.contains("at most 4294967296") == true)
  }

  @Test("a model that is a device or a pipe is rejected", .timeLimit(.minutes(1)))
  func device() {
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open("/dev/zero") }
    #expect(error?.description == "not a regular file")
  }
}
