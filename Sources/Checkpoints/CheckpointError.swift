/// Why a file of weights could not be read. Every case says what was found, in one line.
package enum CheckpointError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// None of the formats begins like this.
  case unknownFormat(path: String, firstBytes: [UInt8])
  /// Pickles from before PyTorch 1.6, without the zip around them.
  case legacyTorch
  case truncated(what: String, needed: Int, available: Int)
  case malformed(what: String, reason: String)
  /// The file is sound but uses something that weights have no need of.
  case unsupported(what: String)
  /// A pickle that asks for code which a table of weights does not need. Nothing of it was run.
  case forbiddenGlobal(String)
  case unwritable(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(_, let reason): reason
    case .unknownFormat(_, let bytes):
      "neither ONNX, safetensors nor a PyTorch checkpoint (begins with \(hexadecimal(bytes)))"
    case .legacyTorch:
      "a PyTorch checkpoint of the format before 1.6; load it in PyTorch and torch.save it again"
    case .truncated(let what, let needed, let available):
      "\(what): \(needed) bytes are needed where \(available) are left; the file is cut off or lies about its size"
    case .malformed(let what, let reason): "\(what): \(reason)"
    case .unsupported(let what): "\(what) is not supported"
    case .forbiddenGlobal(let name):
      "the pickle asks for '\(name)', which a table of weights does not need; nothing was run. Save only the state_dict"
    case .unwritable(let path, let reason): "\(path): \(reason)"
    }
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
