import Crypto
import FoundationCompatibility

/// SHA-256 of a file, in lower-case hexadecimal.
package func sha256(ofFile path: String) throws(FetchError) -> String {
  do {
    // Mapped: the digest of a large file does not need it in memory at once.
    let bytes = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    return hexadecimal(SHA256.hash(data: bytes))
  } catch {
    throw .io(path: path, reason: "cannot be read")
  }
}

private func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
  digest.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}
