/// Why published weights could not be fetched.
package enum FetchError: Error, Equatable, CustomStringConvertible {
  case manifest(path: String, reason: String)
  case unknownModel(String, known: [String])
  /// The digest of the file is not one that the manifest lists.
  case digest(path: String, found: String, expected: [String])
  case size(path: String, found: Int, expected: Int)
  case io(path: String, reason: String)
  case downloaderMissing
  case download(url: String, reason: String)

  /// Whether the file could not be downloaded, as opposed to a file that is wrong.
  package var isUnavailable: Bool {
    switch self {
    case .downloaderMissing, .download: true
    case .manifest, .unknownModel, .digest, .size, .io: false
    }
  }

  package var description: String {
    switch self {
    case .manifest(let path, let reason):
      "\(path): cannot read the manifest of weights: \(reason)"
    case .unknownModel(let name, let known):
      "there are no weights named '\(name)'; known: \(known.joined(separator: ", "))"
    case .digest(let path, let found, let expected):
      "\(path): sha256 is \(found), not \(expected.joined(separator: " or ")); delete the file to fetch it again"
    case .size(let path, let found, let expected):
      "\(path): \(found) bytes instead of \(expected); delete the file to fetch it again"
    case .io(let path, let reason):
      "\(path): \(reason)"
    case .downloaderMissing:
      "curl is not installed; install it, or copy the file to $YOLOX_WEIGHTS_DIR"
    case .download(let url, let reason):
      "\(url): \(reason); the partial download is kept: run the command again to resume"
    }
  }
}
