import Crypto
import FoundationCompatibility

/// The SHA-256 digest of a file in lower-case hexadecimal.
package func sha256(ofFile path: String) throws(FetchError) -> String {
  do {
    // Mapped, so that a large file is not in memory as a whole.
    let bytes = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    return hexadecimal(SHA256.hash(data: bytes))
  } catch {
    throw .io(path: path, reason: "cannot read it")
  }
}

private func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
  digest.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}
