import Checkpoints
import Engine

/// Reasons why a weights file could not be loaded.
package enum ModelError: Error, Equatable, CustomStringConvertible {
  case unreadable(CheckpointError)
  /// The file is a valid checkpoint of another network.
  case notYOLOX(tensors: Int, example: String?)
  /// Tensors are missing or misshapen for the network that the other tensors belong to.
  case mismatch(model: String, missing: [String], wronglyShaped: [String])
  /// A network of which most fits `nearest`, up to its first difference.
  case unlike(convolutions: Int, nearest: String, path: String, found: String, expected: String)
  /// Close to a YOLOX network, but not one that can be run; the sentence says why.
  case unusable(String)
  /// Weights that are NaN or infinite.
  case notFinite([String])
  case unplannable(PlanError)
  case labelCount(labels: Int, classes: Int)
  case inputSize(String)
  case unknownPreprocessing(String)

  package var description: String {
    switch self {
    case .unreadable(let error):
      return error.description
    case .notYOLOX(let tensors, let example):
      let sample = example.map { ", for example \($0)" } ?? ""
      return "not the weights of a YOLOX network: \(tensors) tensors\(sample)"
    case .mismatch(let model, let missing, let wronglyShaped):
      return [
        "does not fit \(model)",
        missing.isEmpty ? nil : "\(missing.count) tensors missing (\(ModelError.sample(of: missing)))",
        wronglyShaped.isEmpty
          ? nil : "\(wronglyShaped.count) of another shape (\(ModelError.sample(of: wronglyShaped)))",
      ].compactMap(\.self).joined(separator: "; ")
    case .unlike(let convolutions, let nearest, let path, let found, let expected):
      return
        "not a YOLOX network: \(convolutions) convolutions, nearest \(nearest), differs at \(path): \(found) for \(expected)"
    case .unusable(let sentence):
      return sentence
    case .notFinite(let names):
      return
        "\(names.count) tensors have NaN or infinite values (\(ModelError.sample(of: names))); the training diverged or the file is damaged"
    case .unplannable(let error):
      return error.description
    case .labelCount(let labels, let classes):
      return "\(labels) labels were given for a network with \(classes) classes"
    case .inputSize(let text):
      return
        "'\(text)' is not an input size: a multiple of 32 up to \(InputSize.limit), or HEIGHTxWIDTH of such, e.g. 384x640"
    case .unknownPreprocessing(let name):
      return "unknown preprocessing '\(name)': the file asks for one that this version does not know"
    }
  }

  private static func sample(of names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", ..." : "")
  }
}
