import Engine
import FoundationCompatibility

/// The safetensors format: the length of a JSON header (8 bytes), the header, the numbers.
/// <https://github.com/huggingface/safetensors#format>
package enum Safetensors {
  /// As in the reference implementation. Longer ones are no header.
  private static let headerLimit = 100_000_000
  /// Bytes of a header that are decoded, which takes many times their memory: those of YOLOX-X have 100 kB.
  private static let decodedHeaderLimit = 4 << 20

  private struct Entry: Codable {
    let dtype: String
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  private struct Header: Codable {
    var entries: [String: Entry] = [:]
    var metadata: [String: String] = [:]

    struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init() {}

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      for key in container.allKeys {
        if key.stringValue == "__metadata__" {
          metadata = try container.decode([String: String].self, forKey: key)
        } else {
          entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
        }
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      if !metadata.isEmpty { try container.encode(metadata, forKey: Key(stringValue: "__metadata__")) }
      for (name, entry) in entries { try container.encode(entry, forKey: Key(stringValue: name)) }
    }
  }

  static func looksLike(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 8, bytes[8] == UInt8(ascii: "{") else { return false }
    var reader = ByteReader(bytes[...], what: "header")
    guard let length = try? reader.length(UInt64.self) else { return false }
    return length >= 2 && length <= headerLimit
  }

  static func read(_ bytes: [UInt8]) throws(CheckpointError) -> Checkpoint {
    var reader = ByteReader(bytes[...], what: "safetensors header")
    let length = try reader.length(UInt64.self)
    let text = try reader.take(length)
    guard length <= decodedHeaderLimit else {
      throw .malformed(
        what: "safetensors header",
        reason: "\(length) bytes, more than the maximum of \(decodedHeaderLimit) for a network's tensors")
    }
    let header: Header
    do { header = try JSONDecoder().decode(Header.self, from: Data(text)) } catch {
      throw .malformed(what: "safetensors header", reason: "not the JSON that the format asks for")
    }
    let data = bytes[reader.position...]
    // Every entry is checked before the first is decoded: overlapping ones would decode to far more than the file.
    var tensors: Parameters = [:]
    for entry in try entries(of: header, dataSize: data.count) {
      let range = data.startIndex + entry.range.lowerBound..<data.startIndex + entry.range.upperBound
      tensors[entry.name] = Tensor(shape: entry.shape, values: entry.type.floats(data[range]))
    }
    return Checkpoint(format: .safetensors, metadata: header.metadata, tensors: tensors)
  }

  private struct CheckedEntry {
    let name: String
    let type: ElementType
    let shape: [Int]
    /// Of its bytes, within the data.
    let range: Range<Int>
  }

  /// - Throws: ``CheckpointError`` where a range does not fit its shape, lies beyond the data or overlaps another.
  private static func entries(of header: Header, dataSize: Int) throws(CheckpointError) -> [CheckedEntry] {
    var entries: [CheckedEntry] = []
    for (name, entry) in header.entries {
      guard let type = ElementType(rawValue: entry.dtype) else {
        throw .unsupported(what: "\(name): element type \(entry.dtype)")
      }
      let count = try elementCount(entry.shape, what: name)
      guard entry.offsets.count == 2, entry.offsets[0] >= 0, entry.offsets[0] <= entry.offsets[1],
        entry.offsets[1] - entry.offsets[0] == count * type.size
      else {
        throw .malformed(what: name, reason: "offsets \(entry.offsets.prefix(4)) for shape \(entry.shape)")
      }
      guard entry.offsets[1] <= dataSize else {
        throw .truncated(what: name, needed: entry.offsets[1], available: dataSize)
      }
      entries.append(
        CheckedEntry(name: name, type: type, shape: entry.shape, range: entry.offsets[0]..<entry.offsets[1]))
    }
    let occupied = entries.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(occupied, occupied.dropFirst())
    where first.range.upperBound > second.range.lowerBound {
      throw .malformed(what: second.name, reason: "its numbers overlap those of \(first.name)")
    }
    return entries
  }

  /// Writes tensors in the order of their names. The file appears whole or not at all.
  ///
  /// - Parameter type: how numbers are stored: float32, or rounded to float16 or bfloat16. A tensor with a finite number
  ///   beyond the range of that type stays float32; the variance of an unnormalised input can be.
  package static func write(
    _ tensors: Parameters, metadata: [String: String] = [:], as type: ElementType = .float32,
    to path: String
  ) throws(CheckpointError) {
    var header = Header()
    header.metadata = metadata
    var offset = 0
    let names = tensors.keys.sorted()
    let rounded = tensors.compactMapValues { type.halfBytes($0.values) }
    for name in names {
      guard let tensor = tensors[name] else { continue }
      let stored = rounded[name] == nil ? ElementType.float32 : type
      let end = offset + tensor.count * stored.size
      header.entries[name] = Entry(dtype: stored.rawValue, shape: tensor.shape, offsets: [offset, end])
      offset = end
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var text = try? [UInt8](encoder.encode(header)) else {
      throw .unwritable(path: path, reason: "its names cannot be written as JSON")
    }
    // Numbers start at a multiple of 8, as the format recommends.
    while !text.count.isMultiple(of: 8) { text.append(UInt8(ascii: " ")) }
    var file = try AtomicFile(for: path)
    try file.append(withUnsafeBytes(of: UInt64(text.count).littleEndian) { [UInt8]($0) })
    try file.append(text)
    for name in names {
      guard let values = tensors[name]?.values else { continue }
      if let bytes = rounded[name] {
        try file.append(bytes)
      } else {
        try values.withUnsafeBufferPointer { numbers throws(CheckpointError) in
          try file.append(UnsafeRawBufferPointer(numbers))
        }
      }
    }
    try file.finish()
  }
}
