/// Bit-reflected 32-bit cyclic redundancy checks, as in zip files and TensorBoard records.
package struct CRC32: Sendable {
  /// The polynomial of zip and PNG (ISO 3309).
  package static let zip = CRC32(polynomial: 0xEDB8_8320)
  /// Castagnoli's (RFC 3720, B.4).
  package static let castagnoli = CRC32(polynomial: 0x82F6_3B78)

  private let table: [UInt32]

  private init(polynomial: UInt32) {
    table = (0..<256).map { index in
      (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
    }
  }

  package func callAsFunction(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }
}
