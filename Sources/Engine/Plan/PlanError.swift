/// Reasons why a graph and its weights could not be planned.
package enum PlanError: Error, Equatable, CustomStringConvertible {
  /// All missing or misshapen weights, each with the expected shape.
  case weights([String])
  /// All layers without a calibrated range for every channel.
  case ranges([String])
  /// No kernel supports this part of the graph.
  case unsupported(path: String, reason: String)
  /// The instruction set is unknown, or this processor cannot run it.
  case instructionSet(String, available: [String])
  /// In pixels.
  case inputSize(height: Int, width: Int, reason: String)

  package var description: String {
    switch self {
    case .weights(let problems):
      "\(problems.count) weights do not fit: "
        + problems.prefix(3).joined(separator: "; ") + (problems.count > 3 ? "; ..." : "")
    case .ranges(let paths):
      "int8 needs weights from 'yolox weights quantize'; \(paths.count) layers have no calibration: "
        + paths.prefix(3).joined(separator: ", ") + (paths.count > 3 ? ", ..." : "")
    case .unsupported(let path, let reason): "\(path): \(reason)"
    case .instructionSet(let name, let available):
      "instruction set '\(name)' (YOLOX_ISA) is unknown or not supported by this processor; valid here: "
        + available.joined(separator: ", ")
    case .inputSize(let height, let width, let reason): "input \(height)x\(width): \(reason)"
    }
  }
}
