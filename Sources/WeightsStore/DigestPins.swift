import FoundationCompatibility

/// Digests of files for which none is published, kept from their first download (trust on first use, as ssh does with
/// host keys). A text file like the output of `sha256sum`.
struct DigestPins: Sendable {
  let path: String

  /// - Returns: the digest in lower-case hexadecimal, or `nil` if the file was not pinned yet.
  func digest(of file: String) throws(FetchError) -> String? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw .io(path: path, reason: "cannot read it")
    }
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: " ", omittingEmptySubsequences: true)
      if parts.count == 2, parts[1] == file { return String(parts[0]) }
    }
    return nil
  }

  func pin(_ digest: String, to file: String) throws(FetchError) {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    do {
      try Data((text + "\(digest)  \(file)\n").utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw .io(path: path, reason: "cannot write it")
    }
  }
}
