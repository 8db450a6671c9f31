import Digests
import FoundationCompatibility

/// One key: a name for logs and shares, the digest of its text, and what it allows.
package struct APIKey: Sendable {
  package enum Scope: String, CaseIterable, Sendable {
    /// Requests for detection.
    case detect
    /// Loading and unloading models.
    case admin
    /// `/metrics`.
    case metrics
  }

  /// Why a line is not a key.
  package enum Invalid: Error, Equatable, CustomStringConvertible {
    case tooShort
    case name(String)
    case scope(String)
    case repeated

    package var description: String {
      switch self {
      case .tooShort: "has a key shorter than \(APIKeys.minLength) characters"
      case .name(let name):
        "names its key '\(name.excerpt)'; expected 1 to 64 letters, digits, '.', '_' or '-' before the ':'"
      case .scope(let scope):
        "has the scope '\(scope.excerpt)'; known are "
          + Scope.allCases.map(\.rawValue).joined(separator: ", ")
      case .repeated: "has the key of an earlier line"
      }
    }
  }

  let name: String
  let scopes: Set<Scope>
  let digest: SHA256Digest

  /// Parses `[name:]key [scope,…]`. A key without scopes has all; one without a name is named by its line, `line-3`.
  ///
  ///     front-door:6f1c0a1f9be24d8a detect
  ///
  /// - Returns: `nil` for an empty line or a comment.
  init?(line: some StringProtocol, number: Int) throws(Invalid) {
    let words = line.split { $0.isWhitespace || $0 == "," }
    guard let first = words.first, !first.hasPrefix("#") else { return nil }
    let text: Substring
    if let colon = first.firstIndex(of: ":") {
      name = String(first[..<colon])
      text = Substring(first[first.index(after: colon)...])
      guard APIKey.isName(name) else { throw .name(name) }
    } else {
      name = "line-\(number)"
      text = Substring(first)
    }
    guard text.utf8.count >= APIKeys.minLength else { throw .tooShort }
    var scopes: Set<Scope> = []
    for word in words.dropFirst() {
      guard let scope = Scope(rawValue: String(word)) else { throw .scope(String(word)) }
      scopes.insert(scope)
    }
    self.scopes = scopes.isEmpty ? Set(Scope.allCases) : scopes
    digest = SHA256Digest(of: text.utf8)
  }

  private static func isName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "._-".utf8.contains(byte)
      }
  }
}
