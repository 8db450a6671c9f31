/// Why published weights could not be fetched.
package enum FetchError: Error, Equatable, CustomStringConvertible {
  case manifest(path: String, reason: String)
  case unknownModel(String, known: [String])
  /// The digest of the file is not one that the manifest lists.
  case digest(path: String, found: String, expected: [String])
  case size(path: String, found: Int, expected: Int)
  /// The digest of the file is not the one of the first download, where none is published.
  case changed(path: String, found: String, pinned: String, pins: String)
  /// Neither a digest nor a size is published, and the file was not fetched before.
  case nothingToVerify(name: String)
  case insecureURL(String, scheme: String)
  case io(path: String, reason: String)
  case downloaderMissing
  case download(url: String, reason: String)

  /// Whether the file could not be downloaded, as opposed to a file that is wrong.
  package var isUnavailable: Bool {
    switch self {
    case .downloaderMissing, .download: true
    case .manifest, .unknownModel, .digest, .size, .changed, .nothingToVerify, .insecureURL, .io: false
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
    case .changed(let path, let found, let pinned, let pins):
      "\(path): sha256 is \(found), but the first download had \(pinned); if the change is expected, remove the line from \(pins)"
    case .nothingToVerify(let name):
      "\(name): neither a digest nor a size is published; pass --sha256 DIGEST, or --trust-first-download to keep the digest of what arrives and compare later downloads with it"
    case .insecureURL(let url, let scheme):
      "\(url): weights are downloaded by \(scheme) only"
    case .io(let path, let reason):
      "\(path): \(reason)"
    case .downloaderMissing:
      "curl is not installed; install it, or copy the file to $YOLOX_WEIGHTS_DIR"
    case .download(let url, let reason):
      "\(url): \(reason); the partial download is kept: run the command again to resume"
    }
  }
}
