import Engine
import YOLOX

/// Starts a network from given weights: all layers must fit, except that the rows of classes which the weights do not
/// know start anew, and the branch that makes suppression unnecessary may be added.
package struct InitialWeights {
  package let weights: PretrainedWeights
  /// Class names of the new network.
  package let labels: [String]

  package init(weights: PretrainedWeights, labels: [String]) {
    self.weights = weights
    self.labels = labels
  }

  /// Loads the weights into `executor`, whose parameters are initialised randomly.
  ///
  /// - Parameter batches: training images, of which folded weights need the statistics.
  /// - Returns: whether every class keeps its weights, and lines that say what does not.
  /// - Throws: ``TrainingError/unusableWeights(path:reason:)`` if another layer does not fit.
  package func load(
    into executor: TrainingExecutor, architecture: Architecture,
    batches: () throws(TrainingError) -> [Tensor]
  ) throws(TrainingError) -> (knowsAllClasses: Bool, lines: [String]) {
    guard weights.architecture.backbone == architecture.backbone else {
      throw .unusableWeights(
        path: "--weights",
        reason: "\(weights.architecture.modelName) cannot start \(architecture.modelName): leave out --model")
    }
    var lines: [String] = []
    let isFolded = !weights.parameters.keys.contains { $0.hasSuffix(".running_mean") }
    var parameters = weights.parameters
    if isFolded { parameters.merge(identityNormalization(executor.graph)) { _, new in new } }
    let rows = keptRows
    let random = executor.layout.parameters(executor.parameters)
    for entry in executor.layout.entries where InitialWeights.isClassLayer(entry.name) {
      guard let source = parameters[entry.name], let start = random[entry.name] else { continue }
      parameters[entry.name] = InitialWeights.rows(rows, of: source, over: start)
    }
    let missing = executor.layout.load(parameters, into: executor.parameters)
    let added = architecture.head == .nmsFree && weights.architecture.head != .nmsFree
    let unexpected = missing.filter { !(added && $0.hasPrefix("head.selection_")) }
    guard unexpected.isEmpty else {
      throw .unusableWeights(
        path: "--weights",
        reason: "\(weights.architecture.modelName) lacks \(unexpected.count) tensors of "
          + "\(architecture.modelName), for example \(unexpected[0])")
    }
    if added { lines.append("the branch that replaces suppression starts from random weights") }
    if rows.contains(nil) {
      let known = labels.indices.filter { rows[$0] != nil }.map { labels[$0] }
      let new = labels.indices.filter { rows[$0] == nil }.map { labels[$0] }
      lines.append(
        (known.isEmpty ? "" : "classes that keep their weights: \(InitialWeights.sample(known)); ")
          + "classes that start anew: \(InitialWeights.sample(new))")
    }
    if isFolded {
      executor.unfoldBatchNorm(try batches())
      lines.append("batch normalisation was folded in the weights; it is measured on training images")
    }
    return (!rows.contains(nil), lines)
  }

  /// For each class of the new network, its index in the weights.
  private var keptRows: [Int?] {
    // Weights without class names: the same number of classes is all that can be compared.
    let isUnnamed = weights.labels == (0..<weights.classCount).map { "class \($0)" }
    if isUnnamed, weights.classCount == labels.count { return labels.indices.map { $0 } }
    let indices = Dictionary(
      weights.labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    return labels.map { indices[$0] }
  }

  private static func isClassLayer(_ name: String) -> Bool { name.hasPrefix("head.cls_preds.") }

  /// `target` with row `i` replaced by row `rows[i]` of `source`, if both have rows of the same shape.
  private static func rows(_ rows: [Int?], of source: Tensor, over target: Tensor) -> Tensor {
    guard source.shape.dropFirst() == target.shape.dropFirst(), target.shape.first == rows.count else {
      return source
    }
    let length = target.shape.dropFirst().reduce(1, *)
    var values = target.values
    for (row, place) in rows.enumerated() {
      guard let place, (place + 1) * length <= source.values.count else { continue }
      values.replaceSubrange(
        row * length..<(row + 1) * length, with: source.values[place * length..<(place + 1) * length])
    }
    return Tensor(shape: target.shape, values: values)
  }

  /// Normalisation that only adds the bias of the convolution that it was folded into.
  private func identityNormalization(_ graph: Graph) -> Parameters {
    var parameters: Parameters = [:]
    for node in graph.nodes {
      guard case .batchNormalization = node.operation, let input = node.inputs.first,
        let bias = weights.parameters[graph.nodes[input.index].path + ".bias"]
      else { continue }
      parameters[node.path + ".bias"] = bias
      parameters[node.path + ".weight"] = Tensor(shape: bias.shape, repeating: 1)
      parameters[node.path + ".running_mean"] = Tensor(shape: bias.shape, repeating: 0)
      parameters[node.path + ".running_var"] = Tensor(
        shape: bias.shape, repeating: 1 - batchNormalizationEpsilon)
    }
    return parameters
  }

  private static func sample(_ names: [String]) -> String {
    names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", ... (\(names.count))" : "")
  }
}
