import CKernels

/// Leaves out what nobody will look at.
///
/// Most anchors of a detector see nothing, which their objectness alone says. A graph can say that a value matters only
/// where another one, of one channel, reaches a threshold (``GraphBuilder/gate(_:by:)``). The steps that give nothing but
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
  mutating func gateBranches(_ graph: Graph) {
    for (gated, by) in graph.gates {
      guard contains(where: { $0.gives(by) }) else { continue }
      var (value, reach) = (gated, 0)
      while let index = firstIndex(where: { $0.result == value }), let layerReach = self[index].gateableReach
      {
        self[index].gate = SpanMask(by: by, reach: reach)
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
    result == value || companions.contains { $0.value == value }
  }

  /// How far around an output pixel the step reads, if it is one that can leave pixels out.
  fileprivate var gateableReach: Int? {
    guard case .convolution(let convolution, let weights, _, nil) = work, weights.geometry.stride == 1,
      companions.isEmpty, doubled == nil, convolution.isDepthwise || weights.geometry.kernel == 1
    else { return nil }
    return weights.geometry.padding
  }
}

/// Where the spans of a gate lie and what they come from.
struct ActiveSpans {
  /// In floats from the start of the image's memory: for each reach from 0 on and each row two words, the first pixel
  /// and the one after the last.
  let offset: Int
  let height: Int
  let reaches: Int

  var size: Int { 2 * height * reaches }

  /// The pixels of `row` that a step with `reach` has to compute.
  func span(reach: Int, row: Int, memory: UnsafePointer<Float>) -> Range<Int> {
    let words =
      UnsafeRawPointer(memory + offset).assumingMemoryBound(to: Int32.self) + 2 * (reach * height + row)
    return Int(words[0])..<Int(words[1])
  }
}

extension Step.Kernel {
  /// The same for columns `columns` only; `nil` for kernels that are never gated.
  func restricted(to columns: Range<Int>) -> Step.Kernel? {
    let shift = Int64(columns.lowerBound)
    let channels = Int64(channelBlock)
    switch self {
    case .convolution(var convolution):
      convolution.input_origin += shift * convolution.input_pixel_step
      convolution.output.origin += shift * channels
      convolution.width = Int32(columns.count)
      return .convolution(convolution)
    case .narrowConvolution(var narrow):
      narrow.input.origin += shift * channels
      narrow.row_floats = Int32(columns.count * channelBlock)
      narrow.convolution.output.origin += shift * channels
      narrow.convolution.width = Int32(columns.count)
      return .narrowConvolution(narrow)
    case .depthwise(var depthwise):
      depthwise.input.origin += shift * channels
      depthwise.output.origin += shift * channels
      depthwise.width = Int32(columns.count)
      return .depthwise(depthwise)
    default: return nil
    }
  }
}
