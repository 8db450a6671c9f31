import Checkpoints
import Engine
import Testing

/// Writes small `.pth` files as torch.save does, and such as it never would.
private struct TorchFile {
  private var pickle: [UInt8] = [0x80, 2]
  private var storages: [(key: String, bytes: [UInt8])] = []
  private var compressed = false
  private var extra: String?

  /// A state_dict with one tensor for each entry, all of `storage` type.
  static func stateDict(
    _ tensors: [(
      name: String, shape: [Int], strides: [Int], offset: Int, storage: String, bytes: [UInt8], count: Int
    )], and more: [UInt8] = []
  ) -> TorchFile {
    var file = TorchFile()
    file.pickle += Array("}(".utf8)
    for (index, tensor) in tensors.enumerated() {
      file.text(tensor.name)
      file.global("torch._utils", "_rebuild_tensor_v2")
      file.pickle += Array("((".utf8)
      file.text("storage")
      file.global("torch", tensor.storage)
      file.text("\(index)")
      file.text("cpu")
      file.integer(tensor.count)
      file.pickle += Array("tQ".utf8)
      file.integer(tensor.offset)
      file.tuple(tensor.shape)
      file.tuple(tensor.strides)
      file.pickle += [0x89, UInt8(ascii: "}"), UInt8(ascii: "t"), UInt8(ascii: "R")]
      file.storages.append(("\(index)", tensor.bytes))
    }
    file.pickle += more + Array("u.".utf8)
    return file
  }

  static func raw(_ pickle: [UInt8]) -> TorchFile {
    var file = TorchFile()
    file.pickle += pickle
    return file
  }

  func compressing() -> TorchFile {
    var file = self
    file.compressed = true
    return file
  }

  /// With an entry of this name that is compressed, while the others are stored.
  func compressing(also name: String) -> TorchFile {
    var file = self
    file.extra = name
    return file
  }

  private mutating func text(_ text: String) {
    pickle += [UInt8(ascii: "X")] + little(text.utf8.count, 4) + Array(text.utf8)
  }

  private mutating func global(_ module: String, _ name: String) {
    pickle += Array("c\(module)\n\(name)\n".utf8)
  }

  /// LONG1, which holds every `Int`.
  private mutating func integer(_ value: Int) { pickle += [0x8A, 8] + little(value, 8) }

  private mutating func tuple(_ values: [Int]) {
    pickle.append(UInt8(ascii: "("))
    for value in values { integer(value) }
    pickle.append(UInt8(ascii: "t"))
  }

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    let entries =
      [("archive/data.pkl", pickle)] + storages.map { ("archive/data/\($0.key)", $0.bytes) }
      + (extra.map { [($0, [3, 0])] } ?? [])
    for (name, content) in entries {
      let fields =
        little(0, 2) + little(compressed || name == extra ? 8 : 0, 2) + little(0, 8)
        + little(content.count, 4)
        + little(content.count, 4) + little(name.utf8.count, 2) + little(0, 2)
      directory +=
        [0x50, 0x4B, 1, 2] + little(20, 2) + little(20, 2) + fields + little(0, 10) + little(file.count, 4)
      directory += Array(name.utf8)
      file += [0x50, 0x4B, 3, 4] + little(20, 2) + fields + Array(name.utf8) + content
    }
    let end =
      [0x50, 0x4B, 5, 6] + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
      + little(directory.count, 4) + little(file.count, 4) + little(0, 2)
    return file + directory + end
  }
}

private func little(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
}

private func floatBytes(_ values: [Float]) -> [UInt8] { values.flatMap { little(Int($0.bitPattern), 4) } }

private func read(_ file: TorchFile) throws(CheckpointError) -> Checkpoint {
  try Checkpoint(file.bytes, path: "test.pth")
}

@Suite("PyTorch checkpoints")
struct TorchArchiveTests {
  @Test("a dictionary is walked once, however many entries refer to it", .timeLimit(.minutes(5)))
  func sharedDictionaries() {
    // Two dictionaries of 40,000 entries; every entry of the outer one is the inner one.
    let count = 40_000
    let key: [UInt8] = [
      UInt8(ascii: "X"), 1, 0, 0, 0, UInt8(ascii: "k"), UInt8(ascii: "q"), 0, UInt8(ascii: "0"),
    ]
    let inner =
      Array("}q".utf8) + [1] + Array("(".utf8)
      + Array(repeating: [UInt8(ascii: "h"), 0, UInt8(ascii: "N")], count: count).joined() + Array("u0".utf8)
    let outer =
      Array("}(".utf8)
      + Array(repeating: [UInt8(ascii: "h"), 0, UInt8(ascii: "h"), 1], count: count).joined()
      + Array("u.".utf8)
    #expect(throws: CheckpointError.self) {
      try Checkpoint(TorchFile.raw(key + inner + outer).bytes, path: "x")
    }
  }

  private static let longText: [UInt8] =
    [UInt8(ascii: "X")] + little(10 << 20, 4) + [UInt8](repeating: UInt8(ascii: "s"), count: 10 << 20)
    + [UInt8(ascii: "q"), 0]

  @Test("labels that are one long text, named a million times, are not joined", .timeLimit(.minutes(1)))
  func repeatedLabels() throws {
    // 10 TB of text.
    let names =
      [UInt8(ascii: "X")] + little(5, 4) + Array("names(".utf8) + Self.longText
      + Array(repeating: [UInt8(ascii: "h"), 0], count: 1 << 20).joined() + Array("l".utf8)
    let bytes = TorchFile.stateDict(
      [("w", [1], [1], 0, "FloatStorage", floatBytes([7]), 1)], and: names
    ).bytes
    let checkpoint = try Checkpoint(bytes, path: "x")
    #expect(checkpoint.metadata["labels"] == nil && checkpoint.tensors["w"]?.values == [7])
  }

  @Test("a class whose name is joined of long texts is rejected", .timeLimit(.minutes(1)))
  func longGlobals() {
    // 20 TB of names.
    let pickle =
      Self.longText
      + Array(repeating: [UInt8(ascii: "h"), 0, UInt8(ascii: "h"), 0, 0x93], count: 1 << 20).joined()
      + Array(".".utf8)
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(TorchFile.raw(pickle).bytes, path: "x")
    }
    #expect(error?.description.contains("global") == true)
  }

  @Test("a TorchScript program is named as such, although its code is compressed")
  func torchScript() {
    let bytes = TorchFile.raw(Array("N.".utf8)).compressing(also: "archive/code/__torch__.py").bytes
    let error = #expect(throws: CheckpointError.self) { try Checkpoint(bytes, path: "x") }
    #expect(error?.description.contains("TorchScript") == true)
  }

  @Test("a pickle of tiny objects without end is rejected", arguments: [")", "N", "(", "]"])
  func manyObjects(opcode: String) throws {
    let pickle = Array(repeating: Array(opcode.utf8), count: 4_100_000).joined() + Array(".".utf8)
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(TorchFile.raw(Array(pickle)).bytes, path: "x")
    }
    #expect(error?.description.contains("objects") == true)
  }

  @Test("a plain tensor, and a view with an offset and strides of its own")
  func views() throws {
    let numbers = floatBytes([0, 1, 2, 3, 4, 5])
    let file = TorchFile.stateDict([
      ("a", [2, 3], [3, 1], 0, "FloatStorage", numbers, 6),
      ("transposed", [3, 2], [1, 3], 0, "FloatStorage", numbers, 6),
      ("tail", [2], [1], 4, "FloatStorage", numbers, 6), ("scalar", [], [], 5, "FloatStorage", numbers, 6),
    ])
    let tensors = try read(file).tensors
    #expect(tensors["a"]?.values == [0, 1, 2, 3, 4, 5])
    #expect(tensors["transposed"]?.values == [0, 3, 1, 4, 2, 5])
    #expect(tensors["tail"]?.values == [4, 5])
    #expect(tensors["scalar"]?.values == [5] && tensors["scalar"]?.shape == [])
  }

  @Test("half, bfloat16, double and integers become float32")
  func types() throws {
    let file = TorchFile.stateDict([
      ("half", [3], [1], 0, "HalfStorage", little(0x3C00, 2) + little(0xC100, 2) + little(1, 2), 3),
      ("brain", [2], [1], 0, "BFloat16Storage", little(0x3F80, 2) + little(0xC020, 2), 2),
      ("double", [1], [1], 0, "DoubleStorage", little(Int(Double(0.5).bitPattern), 8), 1),
      ("long", [1], [1], 0, "LongStorage", little(-7, 8), 1),
    ])
    let tensors = try read(file).tensors
    #expect(tensors["half"]?.values == [1, -2.5, 0x1p-24])
    #expect(tensors["brain"]?.values == [1, -2.5])
    #expect(tensors["double"]?.values == [0.5])
    #expect(tensors["long"]?.values == [-7])
  }

  @Test("a pickle whose weights are made by code is rejected by name, and nothing is run")
  func forbidden() {
    let file = TorchFile.raw(
      Array("cos\nsystem\nX".utf8) + little(2, 4) + Array("ls".utf8) + [0x85] + Array("R.".utf8))
    #expect(throws: CheckpointError.forbiddenGlobal("os.system")) { try read(file) }
  }

  @Test("containers nested half a million deep are no trouble")
  func deep() {
    let file = TorchFile.raw(
      [UInt8(ascii: ")")] + [UInt8](repeating: 0x85, count: 500_000) + [UInt8(ascii: ".")])
    #expect(throws: CheckpointError.self) { try read(file) }
  }

  @Test("a compressed entry is refused: nothing unfolds")
  func compressed() {
    let file = TorchFile.stateDict([("a", [1], [1], 0, "FloatStorage", floatBytes([1]), 1)]).compressing()
    #expect(
      throws: CheckpointError.unsupported(
        what: "the compressed zip entry 'archive/data.pkl' (PyTorch stores its entries as they are)")
    ) { try read(file) }
  }

  @Test(
    "shapes, strides and sizes that reach beyond the storage are errors",
    arguments: [
      ([7], [1], 0, 6), ([2, 3], [3, 1], 1, 6), ([2], [100], 0, 6), ([2], [-1], 3, 6), ([6], [1], 0, 600),
      ([-1], [1], 0, 6),
      ([1 << 30, 1 << 30], [0, 0], 0, 6), ([6], [1, 1], 0, 6),
      ([2], [1], Int.max, 6), ([1], [1], Int.max, 6), ([2], [1], Int.max - 1, 6),
      ([1 << 62, 4], [1, 1], 0, 6),
    ])
  func beyond(shape: [Int], strides: [Int], offset: Int, count: Int) {
    let numbers = floatBytes([0, 1, 2, 3, 4, 5])
    let file = TorchFile.stateDict([("a", shape, strides, offset, "FloatStorage", numbers, count)])
    #expect(throws: CheckpointError.self) { try read(file) }
  }

  @Test("an empty tensor may claim any length in its other dimensions")
  func empty() throws {
    let file = TorchFile.stateDict([
      ("a", [0, Int.max], [1, 6], 0, "FloatStorage", floatBytes([0, 1, 2, 3, 4, 5]), 6)
    ])
    #expect(try read(file).tensors["a"]?.values == [])
  }

  @Test("a pickle that torch.save did not write is told apart")
  func barePickle() {
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint([0x80, 4, 0x4E, 0x2E], path: "a.pkl")
    }
    #expect(error?.description.contains("Python pickle") == true)
  }

  @Test("objects of unknown classes beside the weights are read over")
  func unknownClasses() throws {
    var pickle = Array("}(X".utf8) + little(4, 4) + Array("argscargparse\nNamespace\n)R}b".utf8)
    pickle += Array("X".utf8) + little(5, 4) + Array("modelcmmengine\nConfigDict\n)R(".utf8)
    pickle += Array("X".utf8) + little(1, 4) + Array("aX".utf8) + little(1, 4) + Array("buu.".utf8)
    let error = #expect(throws: CheckpointError.self) { try read(.raw(pickle)) }
    // No tensor is inside, and that is all that is wrong.
    #expect(error?.description.contains("mmengine.ConfigDict") == true)
  }

  @Test("anything else is rejected by its first bytes")
  func unknown() {
    #expect(throws: CheckpointError.unknownFormat(path: "a.txt", firstBytes: Array("hello wo".utf8))) {
      try Checkpoint(Array("hello world".utf8), path: "a.txt")
    }
  }
}
