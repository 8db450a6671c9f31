/// Skips class scores where objectness is below the threshold.
///
/// Most anchors of a detector have no object, as their objectness alone shows. A graph can declare that a value is needed
/// only where another value, of one channel, reaches a threshold (``GraphBuilder/mask(_:by:)``). Layers that lead only to
/// the masked value then compute, in each row, only the span from the first to the last such pixel. Depthwise convolutions
/// in between extend the span by their padding. Results inside the span are equal to the bit.
struct SpanMask {
  /// The deciding map.
  let by: Value
  /// Number of pixels needed around those that reach the threshold.
  let reach: Int
}

extension [FusedLayer] {
  /// Marks the layers that lead only to a masked value, and moves them after the layer of the deciding map.
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
  /// Number of layers that read `value`; the caller counts as one.
  private func readers(of value: Value, _ graph: Graph) -> Int {
    count { $0.reads(value) } + graph.outputs.count { $0.value == value }
  }
}

extension FusedLayer {
  fileprivate func gives(_ value: Value) -> Bool {
    result == value || packedOutputs.contains { $0.value == value }
  }

  /// Number of pixels that the layer reads around an output pixel; `nil` if it cannot skip pixels.
  fileprivate var maskableReach: Int? {
    guard case .convolution(let convolution, let weights, _, nil) = work, weights.geometry.stride == 1,
      packedOutputs.isEmpty, upsampledInit == nil, convolution.isDepthwise || weights.geometry.kernel == 1
    else { return nil }
    return weights.geometry.padding
  }
}
