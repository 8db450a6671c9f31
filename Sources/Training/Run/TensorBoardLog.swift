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
    event.double(1, time)
    event.text(3, "brain.Event:2")
    return event.bytes
  }

  static func event(_ scalars: [(tag: String, value: Float)], step: Int, time: Double) -> [UInt8] {
    var event = ProtobufWriter()
    event.double(1, time)
    event.number(2, step)
    event.message(5) { summary in
      for (tag, value) in scalars {
        summary.message(1) { entry in
          entry.text(1, tag)
          entry.float(2, value)
        }
      }
    }
    return event.bytes
  }
}
