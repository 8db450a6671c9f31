import ArgumentParser
import Training
import YOLOX

/// The network and its initial weights.
struct NetworkOptions: ParsableArguments {
  @Option(help: "Network: nano, tiny, s, m, l, x or darknet53. (default: that of --weights, or nano)")
  var model: String?

  @Option(help: "Initial weights: a .pth, .safetensors or .onnx file, or a name such as yolox-nano.")
  var weights: String?

  @Option(
    help:
      "Detection head: \(Architecture.Head.allCases.map(\.rawValue).joined(separator: ", ")). (default: that of --weights, or decoupled)"
  )
  var head: String?

  @Flag(help: "Train only the head; the backbone keeps its weights and statistics.")
  var freezeBackbone = false

  @Flag(name: .customLong("freeze-bn"), help: "Keep the running statistics of batch normalisation.")
  var freezeBatchNorm = false

  func validate() throws {
    if let model, Variant(rawValue: model) == nil {
      throw ValidationError("--model \(model) is unknown: use nano, tiny, s, m, l, x or darknet53")
    }
    if let head, Architecture.Head(rawValue: head) == nil {
      throw ValidationError("--head \(head) is unknown")
    }
    if freezeBackbone, weights == nil {
      throw ValidationError("--freeze-backbone requires --weights: a random backbone would stay random")
    }
  }

  /// The network of the weights; `--model` may only confirm it.
  func variant(_ weights: PretrainedWeights?) throws -> Variant {
    let wanted = model.flatMap { Variant(rawValue: $0) }
    guard let weights else { return wanted ?? .nano }
    guard let found = Variant(weights.architecture) else {
      throw TrainingError.unusableWeights(
        path: self.weights ?? "",
        reason: "a network of another width or depth than nano, tiny, s, m, l, x and darknet53")
    }
    guard wanted == nil || wanted == found else {
      throw TrainingError.unusableWeights(
        path: self.weights ?? "",
        reason: "these are weights of \(found.rawValue), not of \(model ?? ""): leave out --model")
    }
    return found
  }

  func apply(to options: inout TrainingOptions, _ weights: PretrainedWeights?) throws {
    options.head = head ?? weights?.architecture.head.rawValue ?? options.head
    options.freezesBackbone = freezeBackbone
    options.freezesBatchNorm = freezeBatchNorm
    let hasShapes = (Architecture.Head(rawValue: options.head) ?? .decoupled).anchors > 1
    guard (options.assignment == .anchors) == hasShapes else {
      throw ValidationError(
        "--assignment anchors requires --head anchored or anchoredDecoupled, and the reverse")
    }
  }
}
