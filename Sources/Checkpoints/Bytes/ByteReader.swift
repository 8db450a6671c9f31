/// Reads little-endian numbers from bytes, checking every step against the end. No input makes it trap.
struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private(set) var position: Int
  /// What is being read, for errors.
  private let what: String

  init(_ bytes: ArraySlice<UInt8>, what: String) {
    self.bytes = bytes
    self.what = what
    position = bytes.startIndex
  }

  var remaining: Int { bytes.endIndex - position }
  var isAtEnd: Bool { remaining == 0 }

  mutating func take(_ count: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else {
      throw .truncated(what: what, needed: count, available: remaining)
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func byte() throws(CheckpointError) -> UInt8 {
    guard remaining > 0 else { throw .truncated(what: what, needed: 1, available: 0) }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws(CheckpointError) -> Number {
    var value: Number = 0
    for (index, byte) in try take(MemoryLayout<Number>.size).enumerated() {
      value |= Number(truncatingIfNeeded: byte) << (8 * index)
    }
    return value
  }

  /// A length or an offset: an unsigned number that must fit an `Int`.
  mutating func length<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type)
    throws(CheckpointError) -> Int
  {
    let value = try integer(type)
    guard let length = Int(exactly: value) else { throw .malformed(what: what, reason: "length \(value)") }
    return length
  }

  /// Everything up to the next `end`, which is taken too.
  mutating func line(endingWith end: UInt8) throws(CheckpointError) -> ArraySlice<UInt8> {
    guard let index = bytes[position...].firstIndex(of: end) else {
      throw .truncated(what: what, needed: remaining + 1, available: remaining)
    }
    defer { position = index + 1 }
    return bytes[position..<index]
  }
}

extension CheckpointError {
  static func text(_ bytes: ArraySlice<UInt8>, _ what: String) throws(CheckpointError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(what: what, reason: "a name that is not UTF-8")
    }
    return text
  }
}
