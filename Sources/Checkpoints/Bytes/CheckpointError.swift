/// Why a file of weights could not be read. Every case says what was found, in one line.
package enum CheckpointError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// None of the formats begins like this.
  case unknownFormat(path: String, firstBytes: [UInt8])
  case truncated(what: String, needed: Int, available: Int)
  case malformed(what: String, reason: String)
  /// The file is sound but uses something that weights have no need of.
  case unsupported(what: String)
  /// The file is sound, but is not what can be used here; the sentence says what it is and what to do.
  case unusable(String)
  /// The weights are inside an object of this class, which only its own code can make. Nothing was run.
  case forbiddenGlobal(String)
  case unwritable(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(_, let reason): reason
    case .unknownFormat(_, let bytes):
      "neither ONNX, safetensors nor a PyTorch checkpoint (begins with \(hexadecimal(bytes)))"
    case .truncated(let what, let needed, let available):
      "\(what): \(needed) bytes are needed where \(available) are left; the file is cut off or lies about its size"
    case .malformed(let what, let reason): "\(what): \(reason)"
    case .unsupported(let what): "\(what) is not supported"
    case .unusable(let sentence): sentence
    case .forbiddenGlobal(let name):
      "the weights are inside a pickled object of '\(name)', which needs its Python code to load; nothing was run. Save model.state_dict() instead"
    case .unwritable(let path, let reason): "\(path): \(reason)"
    }
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
