#if canImport(CommonCrypto)
  import CommonCrypto
  import Darwin
#else
  import CNettle
#endif

/// A SHA-256 digest (FIPS 180-4), computed by Nettle or CommonCrypto: both use the processor's SHA instructions, and neither
/// has to be built.
package struct SHA256Digest: Sendable, Equatable {
  /// 32 bytes.
  package let bytes: [UInt8]

  /// The digest of `message`.
  package init(of message: some Sequence<UInt8>) {
    bytes =
      message.withContiguousStorageIfAvailable { SHA256Digest.hash(UnsafeRawBufferPointer($0)) }
      ?? Array(message).withUnsafeBytes(SHA256Digest.hash)
  }

  /// Lower-case hexadecimal.
  package var hexadecimal: String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  private static let byteCount = 32

  private static func hash(_ message: UnsafeRawBufferPointer) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: byteCount)
    #if canImport(CommonCrypto)
      var context = CC_SHA256_CTX()
      CC_SHA256_Init(&context)
      // CommonCrypto's lengths have 32 bits.
      for start in stride(from: 0, to: message.count, by: 1 << 30) {
        let part = UnsafeRawBufferPointer(rebasing: message[start..<min(start + (1 << 30), message.count)])
        CC_SHA256_Update(&context, part.baseAddress, CC_LONG(part.count))
      }
      CC_SHA256_Final(&digest, &context)
    #else
      var context = sha256_ctx()
      nettle_sha256_init(&context)
      if let base = message.baseAddress {
        nettle_sha256_update(&context, message.count, base.assumingMemoryBound(to: UInt8.self))
      }
      yolox_sha256_digest(&context, &digest)
    #endif
    return digest
  }

  /// Takes the same time wherever the digests differ, so that keys may be compared by it.
  package static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
    #if canImport(CommonCrypto)
      timingsafe_bcmp(left.bytes, right.bytes, byteCount) == 0
    #else
      nettle_memeql_sec(left.bytes, right.bytes, byteCount) != 0
    #endif
  }
}
