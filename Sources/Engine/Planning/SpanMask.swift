/// Leaves out what nobody will look at.
///
/// Most anchors of a detector see nothing, which their objectness alone says. A graph can say that a value matters only
/// where another one, of one channel, reaches a threshold (``GraphBuilder/mask(_:by:)``). The steps that give nothing but
/// that value then compute, in each row, only from the first to the last pixel where it does, and where a depthwise
/// convolution in between looks around itself a little more. What they compute is the same to the last bit.
struct SpanMask {
  /// The map that decides.
  let by: Value
  /// How many pixels around those that reach the threshold are needed.
  let reach: Int
}

extension [FusedLayer] {
  /// Marks the steps that only lead to a gated value, and puts them after the step that gives what decides.
  mutating func maskBranches(_ graph: Graph) {
    for (masked, by) in graph.masks {
      guard contains(where: { $0.gives(by) }) else { continue }
      var (value, reach) = (masked, 0)
      while let index = firstIndex(where: { $0.result == value }), let layerReach = self[index].maskableReach
      {
        self[index].spanMask = SpanMask(by: by, reach: reach)
        self[index].order = Swift.max(self[index].order, by.index + 1)
        reach += layerReach
        value = self[index].input
        if readers(of: value, graph) != 1 { break }
      }
    }
  }
}

extension [FusedLayer] {
  /// How many steps read `value`, the caller counted as one.
  private func readers(of value: Value, _ graph: Graph) -> Int {
    count { $0.reads(value) } + graph.outputs.count { $0.value == value }
  }
}

extension FusedLayer {
  fileprivate func gives(_ value: Value) -> Bool {
    result == value || packedOutputs.contains { $0.value == value }
  }

  /// How far around an output pixel the step reads, if it is one that can leave pixels out.
  fileprivate var maskableReach: Int? {
    guard case .convolution(let convolution, let weights, _, nil) = work, weights.geometry.stride == 1,
      packedOutputs.isEmpty, upsampledInit == nil, convolution.isDepthwise || weights.geometry.kernel == 1
    else { return nil }
    return weights.geometry.padding
  }
}
