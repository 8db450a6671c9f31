/// Why weights could not be brought to where they are wanted.
package enum FetchError: Error, Equatable, CustomStringConvertible {
  case manifest(path: String, reason: String)
  case unknownModel(String, known: [String])
  /// The file is there, whole, and not what the manifest promises.
  case digest(path: String, found: String, expected: [String])
  case size(path: String, found: Int, expected: Int)
  case io(path: String, reason: String)
  case downloaderMissing
  case download(url: String, reason: String)

  package var description: String {
    switch self {
    case .manifest(let path, let reason):
      "\(path): cannot read the list of weights: \(reason)"
    case .unknownModel(let name, let known):
      "no weights are called '\(name)'; there are \(known.joined(separator: ", "))"
    case .digest(let path, let found, let expected):
      "\(path): sha256 is \(found), not \(expected.joined(separator: " or ")); delete the file to fetch it anew"
    case .size(let path, let found, let expected):
      "\(path): \(found) bytes instead of \(expected); delete the file to fetch it anew"
    case .io(let path, let reason):
      "\(path): \(reason)"
    case .downloaderMissing:
      "curl is not installed; install it, or put the file into $YOLOX_WEIGHTS_DIR"
    case .download(let url, let reason):
      "\(url): \(reason); what has arrived is kept, run the command again to go on"
    }
  }
}
