/// Finds the entries of a zip file (PKWARE APPNOTE 6.3). PyTorch stores the entries of its weights without compression;
/// compressed ones are only known by name, so that nothing can unfold into more than the file's own size.
struct ZipArchive {
  static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]  // "PK", local file header

  private let bytes: [UInt8]
  private(set) var entries: [String: Range<Int>] = [:]
  private(set) var compressedNames = Set<String>()

  private struct Entry {
    let name: String
    let size: Int
    let headerOffset: Int
    let isCompressed: Bool
  }

  init(_ bytes: [UInt8]) throws(CheckpointError) {
    self.bytes = bytes
    let directory = try ZipArchive.centralDirectory(bytes)
    var reader = ByteReader(bytes[directory.range], what: "zip directory")
    for _ in 0..<directory.count {
      let entry = try ZipArchive.entry(&reader)
      guard !entry.isCompressed else {
        compressedNames.insert(entry.name)
        continue
      }
      guard entries.updateValue(try dataRange(of: entry), forKey: entry.name) == nil else {
        throw .malformed(what: "zip directory", reason: "'\(entry.name)' is there twice")
      }
    }
  }

  subscript(name: String) -> ArraySlice<UInt8>? { entries[name].map { bytes[$0] } }

  /// Section 4.3.16, and 4.3.14 for files with 64-bit sizes: the directory lies where the record at the end says.
  private static func centralDirectory(_ bytes: [UInt8]) throws(CheckpointError) -> (
    range: Range<Int>, count: Int
  ) {
    let what = "zip end record"
    // The record is 22 bytes and ends in a comment of up to 65535.
    let earliest = max(0, bytes.count - 22 - 65535)
    guard bytes.count >= 22,
      let end = stride(from: bytes.count - 22, through: earliest, by: -1).first(where: {
        bytes[$0...].starts(with: [0x50, 0x4B, 0x05, 0x06])
      })
    else { throw .truncated(what: what, needed: 22, available: bytes.count) }
    var reader = ByteReader(bytes[(end + 10)...], what: what)
    var count = try reader.length(UInt16.self)
    var size = try reader.length(UInt32.self)
    var offset = try reader.length(UInt32.self)
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF, end >= 20 {
      var locator = ByteReader(bytes[(end - 20)...], what: what)
      if try locator.integer(UInt32.self) == 0x0706_4B50 {
        _ = try locator.take(4)
        let record = try locator.length(UInt64.self)
        guard record <= bytes.count else {
          throw .truncated(what: what, needed: record, available: bytes.count)
        }
        var wide = ByteReader(bytes[record...], what: what)
        _ = try wide.take(32)
        count = try wide.length(UInt64.self)
        size = try wide.length(UInt64.self)
        offset = try wide.length(UInt64.self)
      }
    }
    guard offset <= end, size <= end - offset else {
      throw .truncated(what: "zip directory", needed: size, available: max(0, end - offset))
    }
    // An entry of the directory takes at least 46 bytes.
    guard count <= size / 46 else {
      throw .malformed(what: "zip directory", reason: "\(count) entries in \(size) bytes")
    }
    return (offset..<offset + size, count)
  }

  /// Section 4.3.12.
  private static func entry(_ reader: inout ByteReader) throws(CheckpointError) -> Entry {
    let what = "zip directory"
    guard try reader.integer(UInt32.self) == 0x0201_4B50 else {
      throw .malformed(what: what, reason: "an entry without its signature")
    }
    _ = try reader.take(4)
    let flags = try reader.integer(UInt16.self)
    let method = try reader.integer(UInt16.self)
    _ = try reader.take(8)
    var storedSize = try reader.length(UInt32.self)
    var size = try reader.length(UInt32.self)
    let nameLength = try reader.length(UInt16.self)
    let extraLength = try reader.length(UInt16.self)
    let commentLength = try reader.length(UInt16.self)
    _ = try reader.take(8)
    var headerOffset = try reader.length(UInt32.self)
    let name = try CheckpointError.text(reader.take(nameLength), what)
    var extra = ByteReader(try reader.take(extraLength), what: what)
    _ = try reader.take(commentLength)
    // Section 4.5.3: sizes that do not fit 32 bits are in field 1, in this order.
    while extra.remaining >= 4 {
      let field = try extra.integer(UInt16.self)
      var content = ByteReader(try extra.take(try extra.length(UInt16.self)), what: what)
      guard field == 1 else { continue }
      if size == 0xFFFF_FFFF { size = try content.length(UInt64.self) }
      if storedSize == 0xFFFF_FFFF { storedSize = try content.length(UInt64.self) }
      if headerOffset == 0xFFFF_FFFF { headerOffset = try content.length(UInt64.self) }
    }
    guard flags & 1 == 0 else { throw .unsupported(what: "the encrypted zip entry '\(name)'") }
    return Entry(
      name: name, size: size, headerOffset: headerOffset, isCompressed: method != 0 || size != storedSize)
  }

  /// Section 4.3.7: names and extra fields there may be of other lengths than in the directory.
  private func dataRange(of entry: Entry) throws(CheckpointError) -> Range<Int> {
    let what = "zip entry '\(entry.name)'"
    guard entry.headerOffset <= bytes.count else {
      throw .truncated(what: what, needed: entry.headerOffset, available: bytes.count)
    }
    var reader = ByteReader(bytes[entry.headerOffset...], what: what)
    guard try reader.take(4).elementsEqual(ZipArchive.signature) else {
      throw .malformed(what: what, reason: "not where the directory says")
    }
    _ = try reader.take(22)
    let nameLength = try reader.length(UInt16.self)
    let extraLength = try reader.length(UInt16.self)
    _ = try reader.take(nameLength)
    _ = try reader.take(extraLength)
    let start = reader.position
    _ = try reader.take(entry.size)
    return start..<start + entry.size
  }
}
