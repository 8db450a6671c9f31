/// A PyTorch checkpoint of the format before version 1.6: four pickles (a number that marks the format, its version, the
/// machine, the object), the keys of the storages, and their numbers (torch/serialization.py, _legacy_save).
enum TorchLegacyFile {
  /// A pickle of protocol 2 with the number 0x1950a86a20f9469cfc6c.
  private static let signature: [UInt8] = [
    0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  static func looksLike(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }

  static func read(_ bytes: [UInt8]) throws(CheckpointError) -> Checkpoint {
    let version = try Pickle(bytes[signature.count...])
    guard case .int(1001) = version.root else {
      throw .unsupported(what: "a PyTorch checkpoint of another version than 1001 of the format before 1.6")
    }
    let machine = try Pickle(bytes[version.end...])
    if case .bool(false)? = machine.items(of: machine.root)?.first(where: { $0.key == "little_endian" })?
      .value
    {
      throw .unsupported(what: "a checkpoint from a big-endian machine")
    }
    let object = try Pickle(bytes[machine.end...])
    let keys = try Pickle(bytes[object.end...])

    var records: [String: (type: ElementType, count: Int)] = [:]
    for number in object.storages {
      guard let record = TorchTensors.storageRecord(object.containers[number]) else { continue }
      records[record.key] = (record.type, record.count)
    }
    var storages: [String: ArraySlice<UInt8>] = [:]
    var reader = ByteReader(bytes[keys.end...], what: "PyTorch checkpoint")
    for element in keys.elements(of: keys.root) ?? [] {
      guard case .string(let key) = element, let record = records[key] else {
        throw .malformed(what: "PyTorch checkpoint", reason: "a storage of which the pickle knows nothing")
      }
      let count = try reader.length(UInt64.self)
      guard count == record.count, count <= reader.remaining / record.type.size else {
        throw .truncated(
          what: "storage \(key)", needed: record.count, available: reader.remaining / record.type.size)
      }
      storages[key] = try reader.take(count * record.type.size)
    }
    return try TorchTensors(pickle: object, fileSize: bytes.count) { storages[$0] }.checkpoint()
  }
}
