import Digests
import FoundationCompatibility
import HTTPServer
import HTTPTypes
import Synchronization

/// The keys that authorise a request, sent as a bearer token (RFC 6750, section 2.1). They can be read again from their file
/// while the service runs.
///
/// Keeps SHA-256 digests, not keys. Comparing digests takes constant time.
package final class APIKeys: Sendable {
  package static let minLength = 16

  private let path: String
  private let keys: Mutex<[APIKey]>

  /// - Parameter path: a file with one key per line, as ``APIKey/init(line:number:)`` reads it; empty lines and lines that
  ///   begin with `#` are ignored.
  package init(contentsOfFile path: String) throws(APIKeysError) {
    self.path = path
    keys = Mutex(try APIKeys.read(path))
  }

  /// Reads the file again. If that fails, the keys stay as they were.
  package func reload() throws(APIKeysError) {
    let read = try APIKeys.read(path)
    keys.withLock { $0 = read }
  }

  private static func read(_ path: String) throws(APIKeysError) -> [APIKey] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw .unreadable(path: path) }
    var keys: [APIKey] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let key: APIKey?
      do { key = try APIKey(line: line, number: index + 1) } catch {
        throw .invalid(path: path, line: index + 1, error)
      }
      guard let key else { continue }
      guard !keys.contains(where: { $0.digest == key.digest }) else {
        throw .invalid(path: path, line: index + 1, .repeated)
      }
      keys.append(key)
    }
    guard !keys.isEmpty else { throw .none(path: path) }
    return keys
  }

  /// Whether there are several names, among which the queue is shared.
  var hasSeveralNames: Bool { keys.withLock { keys in Set(keys.map(\.name)).count > 1 } }

  package func contain(_ key: some StringProtocol) -> Bool { find(key) != nil }

  func find(_ key: some StringProtocol) -> APIKey? {
    let digest = SHA256Digest(of: key.utf8)
    // Compares all digests, so that the time does not depend on which one matches.
    return keys.withLock { keys in keys.reduce(nil as APIKey?) { $1.digest == digest ? $1 : $0 } }
  }

  func first(of texts: [Substring]) -> APIKey? { texts.lazy.compactMap { self.find($0) }.first }

  /// The bearer tokens in Authorization and the text of X-API-Key. Each may be a key: a proxy forwards, in the other place, the
  /// credentials of its own users.
  static func presented(in fields: HTTPFields) -> [Substring] {
    let tokens = fields[values: .authorization].compactMap { authorization -> Substring? in
      let parts = authorization.split(maxSplits: 1) { $0 == " " || $0 == "\t" }
      guard parts.count == 2, parts[0].isEqualIgnoringASCIICase("bearer") else { return nil }
      return parts[1].drop { $0 == " " || $0 == "\t" }
    }
    return (tokens + fields[values: .xAPIKey].map { $0[...] }).filter { !$0.isEmpty }
  }
}

extension HTTPField.Name {
  static let xAPIKey = HTTPField.Name("X-API-Key")!  // a token, as the initialiser requires
}

/// Why a file of keys cannot be used.
package enum APIKeysError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String)
  case none(path: String)
  case invalid(path: String, line: Int, APIKey.Invalid)

  package var description: String {
    switch self {
    case .unreadable(let path): "\(path): cannot be read as text"
    case .none(let path): "\(path): has no key; write one key per line"
    case .invalid(let path, let line, let error): "\(path): line \(line) \(error)"
    }
  }
}
