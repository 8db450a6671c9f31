import Digests
import FoundationCompatibility

/// The SHA-256 digest of a file in lower-case hexadecimal.
package func sha256(ofFile path: String) throws(FetchError) -> String {
  // Mapped, so that a large file is not in memory as a whole.
  guard let bytes = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe) else {
    throw .io(path: path, reason: "cannot read it")
  }
  return SHA256Digest(of: bytes).hexadecimal
}
