/// Why a graph and its weights do not make a plan.
package enum PlanError: Error, Equatable, CustomStringConvertible {
  /// All weights that are absent or of another shape, each with what was expected.
  case weights([String])
  /// All layers whose results' ranges are not known, or not for all channels.
  case ranges([String])
  /// The graph has something that no kernel does.
  case unsupported(path: String, reason: String)
  /// No instruction set of that name, or one that this machine cannot run.
  case instructionSet(String, available: [String])
  /// In pixels.
  case inputSize(height: Int, width: Int, reason: String)

  package var description: String {
    switch self {
    case .weights(let problems):
      "\(problems.count) weights do not fit: "
        + problems.prefix(3).joined(separator: "; ") + (problems.count > 3 ? "; ..." : "")
    case .ranges(let paths):
      "int8 needs a calibration; \(paths.count) layers have none: "
        + paths.prefix(3).joined(separator: ", ") + (paths.count > 3 ? ", ..." : "")
    case .unsupported(let path, let reason): "\(path): \(reason)"
    case .instructionSet(let name, let available):
      "instruction set '\(name)' (YOLOX_ISA) is unknown or not supported by this processor; valid here: "
        + available.joined(separator: ", ")
    case .inputSize(let height, let width, let reason): "input \(height)x\(width): \(reason)"
    }
  }
}
