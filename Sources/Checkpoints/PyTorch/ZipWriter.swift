/// Writes a zip file of stored entries (PKWARE APPNOTE 6.3) of at most 4 GiB. Contents are aligned to 64 bytes, as PyTorch
/// aligns them.
struct ZipWriter {
  private static let alignment = 64

  private(set) var bytes: [UInt8] = []
  private var directory: [UInt8] = []
  private var count: UInt16 = 0

  mutating func add(_ name: String, _ content: [UInt8]) {
    let checksum = CRC32.zip(content)
    let offset = UInt32(bytes.count)
    // The extra field is padding; 4 of its bytes are its own header.
    let start = bytes.count + 30 + name.utf8.count + 4
    let padding = (ZipWriter.alignment - start % ZipWriter.alignment) % ZipWriter.alignment
    var common: [UInt8] = []
    common.append(little: UInt16(0))  // no flags
    common.append(little: UInt16(0))  // stored
    common.append(little: UInt16(0))  // midnight
    common.append(little: UInt16(0x21))  // 1980-01-01
    common.append(little: checksum)
    common.append(little: UInt32(content.count))
    common.append(little: UInt32(content.count))
    common.append(little: UInt16(name.utf8.count))

    bytes.append(little: UInt32(0x0403_4B50))
    bytes.append(little: UInt16(20))
    bytes += common
    bytes.append(little: UInt16(padding + 4))
    bytes += Array(name.utf8)
    bytes.append(little: UInt16(0x4246))  // "FB", the ID of PyTorch's padding
    bytes.append(little: UInt16(padding))
    bytes += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
    bytes += content

    directory.append(little: UInt32(0x0201_4B50))
    directory.append(little: UInt16(20))
    directory.append(little: UInt16(20))
    directory += common
    for _ in 0..<4 { directory.append(little: UInt16(0)) }  // extra field, comment, disk, attributes
    directory.append(little: UInt32(0))
    directory.append(little: offset)
    directory += Array(name.utf8)
    count += 1
  }

  consuming func finished() -> [UInt8] {
    let start = UInt32(bytes.count)
    bytes += directory
    bytes.append(little: UInt32(0x0605_4B50))
    bytes.append(little: UInt16(0))
    bytes.append(little: UInt16(0))
    bytes.append(little: count)
    bytes.append(little: count)
    bytes.append(little: UInt32(directory.count))
    bytes.append(little: start)
    bytes.append(little: UInt16(0))
    return bytes
  }
}
