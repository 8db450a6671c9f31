import Digests
import HTTPServer
import HTTPTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Why a file of keys cannot be used.
package enum APIKeysError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String)
  case none(path: String)
  case tooShort(path: String, line: Int)

  package var description: String {
    switch self {
    case .unreadable(let path): "\(path): cannot be read as text"
    case .none(let path): "\(path): has no key; write one key per line"
    case .tooShort(let path, let line):
      "\(path): the key in line \(line) is shorter than \(APIKeys.minLength) characters"
    }
  }
}

/// The keys that authorise a request, sent as a bearer token (RFC 6750, section 2.1).
///
/// Keeps SHA-256 digests, not keys. Comparing digests takes constant time.
package struct APIKeys: Sendable {
  package static let minLength = 16
  private let digests: [SHA256Digest]

  /// - Parameter path: a file with one key per line; empty lines and lines that begin with `#` are ignored.
  package init(contentsOfFile path: String) throws(APIKeysError) {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw .unreadable(path: path)
    }
    var digests: [SHA256Digest] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let key = line.filter { !$0.isWhitespace }
      guard !key.isEmpty, !key.hasPrefix("#") else { continue }
      guard key.utf8.count >= APIKeys.minLength else { throw .tooShort(path: path, line: index + 1) }
      digests.append(SHA256Digest(of: key.utf8))
    }
    guard !digests.isEmpty else { throw .none(path: path) }
    self.digests = digests
  }

  package func contain(_ key: some StringProtocol) -> Bool {
    let digest = SHA256Digest(of: key.utf8)
    // Compares all digests, so that the time does not depend on which one matches.
    return digests.count { $0 == digest } > 0
  }

  /// Whether Authorization has one of the keys.
  func authorize(_ fields: HTTPFields) -> Bool {
    guard let authorization = fields[.authorization] else { return false }
    let parts = authorization.split(separator: " ", maxSplits: 1)
    return parts.count == 2 && parts[0].isEqualIgnoringASCIICase("bearer") && contain(parts[1])
  }
}
