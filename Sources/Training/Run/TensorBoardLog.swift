import Checkpoints
import FoundationCompatibility

/// Writes scalars for TensorBoard: a file of records (tensorflow/core/lib/io/record_writer.h), each an `Event`
/// (tensorflow/core/util/event.proto). A resumed run starts another file, which TensorBoard joins to the first.
package struct TensorBoardLog {
  private let path: String
  private var hasBegun = false

  /// - Parameter time: seconds since 1970; part of the file's name, by which TensorBoard orders the files.
  package init(folder: String, time: Double) {
    path = "\(folder)/events.out.tfevents.\(Int(time)).yolox-train"
  }

  /// - Parameter time: seconds since 1970.
  package mutating func append(
    _ scalars: [(tag: String, value: Float)], step: Int, time: Double
  ) throws(TrainingError) {
    var bytes: [UInt8] = []
    if !hasBegun { bytes += TensorBoardLog.record(TensorBoardLog.header(time: time)) }
    bytes += TensorBoardLog.record(TensorBoardLog.event(scalars, step: step, time: time))
    let earlier = FileManager.default.contents(atPath: path) ?? Data()
    try writeAtomically(earlier + bytes, to: path)
    hasBegun = true
  }

  /// Length, its checksum, content, its checksum.
  static func record(_ content: [UInt8]) -> [UInt8] {
    var length: [UInt8] = []
    length.append(little: UInt64(content.count))
    var record = length
    record.append(little: masked(length))
    record += content
    record.append(little: masked(content))
    return record
  }

  /// Rotated and offset, because records may contain checksums themselves (tensorflow/core/lib/hash/crc32c.h).
  private static func masked(_ bytes: [UInt8]) -> UInt32 {
    let checksum = CRC32.castagnoli(bytes)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }

  static func header(time: Double) -> [UInt8] {
    var event = ProtobufWriter()
    event.double(time, field: 1)
    event.text("brain.Event:2", field: 3)
    return event.bytes
  }

  static func event(_ scalars: [(tag: String, value: Float)], step: Int, time: Double) -> [UInt8] {
    var summary = ProtobufWriter()
    for (tag, value) in scalars {
      var entry = ProtobufWriter()
      entry.text(tag, field: 1)
      entry.float(value, field: 2)
      summary.message(entry, field: 1)
    }
    var event = ProtobufWriter()
    event.double(time, field: 1)
    event.integer(step, field: 2)
    event.message(summary, field: 5)
    return event.bytes
  }
}

/// Protocol buffers' encoding (protobuf.dev/programming-guides/encoding), limited to what events need.
private struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func integer(_ value: Int, field: Int) {
    key(field, wireType: 0)
    variable(UInt64(bitPattern: Int64(value)))
  }

  mutating func double(_ value: Double, field: Int) {
    key(field, wireType: 1)
    bytes.append(little: value.bitPattern)
  }

  mutating func float(_ value: Float, field: Int) {
    key(field, wireType: 5)
    bytes.append(little: value.bitPattern)
  }

  mutating func text(_ text: String, field: Int) { content(Array(text.utf8), field: field) }

  mutating func message(_ message: ProtobufWriter, field: Int) { content(message.bytes, field: field) }

  private mutating func content(_ content: [UInt8], field: Int) {
    key(field, wireType: 2)
    variable(UInt64(content.count))
    bytes += content
  }

  private mutating func key(_ field: Int, wireType: Int) { variable(UInt64(field << 3 | wireType)) }

  private mutating func variable(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
