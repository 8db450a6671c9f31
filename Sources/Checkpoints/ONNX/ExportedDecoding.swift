/// The part of an ONNX file behind its last convolutions. It is not run for images: the caller evaluates it once on
/// made-up predictions and compares the results with what the network's own decoding gives.
package struct ExportedDecoding: Sendable {
  /// A tensor that the file gives, or hands to an operator that selects boxes.
  package struct Result: Sendable {
    package let name: String
    package let tensor: NumericTensor
    /// The operator that selects boxes by it; `nil` for an output.
    package let selector: String?
  }

  let nodes: [ONNXModel.Node]
  /// Everything that the nodes read from elsewhere.
  let given: [String: NumericTensor]
  /// Names under which predictions are read, and the convolution's number.
  let predictions: [String: Int]
  let outputs: [String]
  let opset: Int
  /// Numbers of all constants in the file.
  let constantCount: Int

  /// Operators that choose among boxes by their values. What they choose is not followed: thresholds and suppression are
  /// the caller's.
  private static let selectors: Set<String> = [
    "NonMaxSuppression", "TopK", "ReduceMax", "ArgMax", "NonZero", "ReduceSum", "GatherND", "GatherElements",
    "Compress",
    "EfficientNMS_TRT", "BatchedNMS_TRT", "BatchedNMSDynamic_TRT", "TRTBatchedNMS", "NMS",
  ]
  /// What may still happen to numbers that were chosen.
  private static let followers: Set<String> = [
    "Gather", "GatherND", "GatherElements", "Concat", "Cast", "Slice", "Unsqueeze", "Squeeze", "Reshape",
    "Flatten",
    "Transpose", "Shape", "Split", "Identity", "Mul", "Add", "Sub", "Div", "Greater", "GreaterOrEqual",
    "Less",
    "LessOrEqual", "Equal", "And", "Or", "Not", "Where", "Expand", "Tile", "ConstantOfShape", "Range", "Min",
    "Max",
    "ReduceMin", "ReduceMax", "Mod", "ScatterND", "Pad", "Clip", "Size", "Unique", "Loop", "If", "CumSum",
    "Neg",
  ]

  /// - Parameter values: a tensor for each convolution of ``ExportedNetwork/predictions``.
  /// - Throws: ``CheckpointError/unsupported(what:)`` naming an operator that is not understood.
  package func evaluate(_ values: [Int: NumericTensor]) throws(CheckpointError) -> [Result] {
    var evaluator = Evaluator(
      opset: opset, constants: constantCount, given: values.values.reduce(0) { $0 + $1.count })
    var known = given
    for (name, number) in predictions { known[name] = values[number] }
    var depending = Set(predictions.keys)
    var results: [Result] = []
    var chosen = Set<String>()
    var seen = Set<String>()

    for node in nodes {
      let inputs = node.inputs.filter { !$0.isEmpty }
      let depends = inputs.contains(where: depending.contains)
      if !inputs.contains(where: chosen.contains), !ExportedDecoding.selectors.contains(node.operation) {
        let outputs = try evaluator.evaluate(node, node.inputs.map { $0.isEmpty ? nil : known[$0] })
        guard let outputs else {
          throw .unusable(
            "what the operator '\(node.operation)' ('\(node.label)') does to the predictions is not understood; export the model without it"
          )
        }
        for (name, tensor) in zip(node.outputs, outputs) {
          known[name] = tensor
          if depends { depending.insert(name) }
        }
        continue
      }
      guard
        ExportedDecoding.selectors.contains(node.operation)
          || ExportedDecoding.followers.contains(node.operation)
      else {
        throw .unusable(
          "what the operator '\(node.operation)' ('\(node.label)') does to the selected boxes is not understood; export the model without NMS"
        )
      }
      for name in inputs
      where depending.contains(name) && !chosen.contains(name) && seen.insert(name).inserted {
        if let tensor = known[name] {
          results.append(.init(name: name, tensor: tensor, selector: node.operation))
        }
      }
      for name in node.outputs {
        chosen.insert(name)
        depending.insert(name)
      }
    }
    for name in outputs
    where depending.contains(name) && !chosen.contains(name) && seen.insert(name).inserted {
      if let tensor = known[name] { results.append(.init(name: name, tensor: tensor, selector: nil)) }
    }
    return results
  }
}
