import CKernels

/// The numbers that dense convolutions multiply. Sums, depthwise convolutions and everything between layers are float32.
package enum Precision: String, Sendable, CaseIterable {
  case float32 = "fp32"
  /// 8 significant bits. Fast where the processor has instructions for it (``isFast``), correct everywhere.
  case bfloat16 = "bf16"
  /// Maps and weights are bytes, sums are integers. Needs the ranges that a calibration has seen
  /// (``PlanOptions/ranges``).
  case int8

  /// Whether this machine computes faster with it than with float32.
  package var isFast: Bool {
    switch self {
    case .float32: true
    case .bfloat16: yx_best_kernels().map { String(cString: $0.pointee.name) } == "avx512bf16"
    case .int8: yx_quantized_kernels_for(nil).map { String(cString: $0.pointee.name) } == "avx512vnni"
    }
  }
}

/// What may be chosen when a network is planned.
package struct PlanOptions: Sendable {
  /// `portable`, `avx2`, `avx512` or `avx512bf16`; `nil` for the fastest that this machine can run.
  package var instructionSet: String?
  package var precision: Precision
  /// What a calibration has seen, by path. Only ``Precision/int8`` asks for it.
  package var ranges: ActivationRanges

  package init(
    instructionSet: String? = nil, precision: Precision = .float32, ranges: ActivationRanges = [:]
  ) {
    self.instructionSet = instructionSet
    self.precision = precision
    self.ranges = ranges
  }

  /// What this machine can run, fastest first.
  package static var availableInstructionSets: [String] {
    var names: [String] = []
    var table = yx_available_kernels()
    while let kernels = table?.pointee {
      names.append(String(cString: kernels.pointee.name))
      table = table?.successor()
    }
    return names
  }
}

/// A network with everything decided: BatchNorm folded, activations and additions fused, weights packed, memory laid
/// out, work divided. Immutable; any number of ``Executor``s run it at once.
///
/// `@unchecked Sendable`: the steps point into `constants`, which nobody writes after `init` and which live as long as
/// the plan.
package final class Plan: @unchecked Sendable {
  /// Shape `[C, H, W]` of the images that it takes.
  package let inputShape: [Int]
  /// Bytes of packed weights.
  package var weightBytes: Int { constants.byteCount }
  /// Bytes of working memory for each image of a batch.
  package var memoryBytesPerImage: Int { memorySize * MemoryLayout<Float>.stride }
  package let instructionSet: String
  package let precision: Precision

  let kernels: yx_kernels
  let steps: [Step]
  let outputs: [String: Output]
  /// In floats.
  let memorySize: Int
  let scratchSize: Int
  private let constants: PackedConstants

  struct Output {
    let layout: BlockedLayout
    /// In floats, from the start of the image's memory.
    let offset: Int
  }

  /// - Parameters:
  ///   - parameters: every weight that the graph names; BatchNorm's four may be absent if they are folded already.
  ///   - height, width: pixels of the images.
  package init(
    _ graph: Graph, parameters: Parameters, height: Int, width: Int, options: PlanOptions = PlanOptions()
  ) throws(PlanError) {
    let fused = try graph.fusedLayers(parameters)
    // What saves products of floats is of no use to bytes, whose ranges are those of the layers as they are.
    let layers = options.precision == .int8 ? fused : fused.rewritten(for: graph)
    guard case .input(let channels)? = graph.nodes.first?.operation else {
      throw .unsupported(path: graph.nodes.first?.path ?? "graph", reason: "a graph begins with its input")
    }
    guard height > 0, width > 0, graph.halvesEvenly(height: height, width: width) else {
      throw .inputSize(height: height, width: width, reason: "some layer would have to halve an odd size")
    }
    let quantization =
      options.precision == .int8
      ? try NetworkQuantization(graph, layers: layers, ranges: options.ranges) : nil
    let placement = MemoryPlan(
      graph, layers: layers, height: height, width: width, bytes: quantization?.values ?? [])
    let chosen = options.instructionSet.flatMap { yx_kernels_named($0) } ?? yx_best_kernels()
    guard let chosen else {
      throw .unsupported(path: "instruction set", reason: "no kernels were built for this processor")
    }

    var builder = StepBuilder(
      placement: placement, precision: options.precision,
      image: PaddedInput(
        channels: channels, height: height, width: width, layers: layers,
        numberSize: quantization == nil ? .float : .byte))
    if let quantization {
      try builder.addQuantizedSteps(
        quantization, kernels: yx_quantized_kernels_for(options.instructionSet).pointee)
    } else {
      try builder.addSteps()
    }

    kernels = chosen.pointee
    instructionSet = String(cString: chosen.pointee.name)
    precision = options.precision
    inputShape = [channels, height, width]
    steps = builder.steps
    scratchSize = builder.scratchSize
    memorySize = quantization == nil ? builder.memorySize : placement.size + builder.image.size
    constants = builder.constants
    outputs = Dictionary(
      uniqueKeysWithValues: graph.outputs.map {
        ($0.name, Output(layout: placement.layout(of: $0.value), offset: placement.offset(of: $0.value)))
      })
  }
}

extension Graph {
  /// Whether no pixel is lost where the map is halved and doubled again, so that joined maps have the same size.
  fileprivate func halvesEvenly(height: Int, width: Int) -> Bool {
    let shapes = shapes(batch: 1, height: height, width: width)
    return nodes.enumerated().allSatisfy { index, node in
      switch node.operation {
      case .add, .concat:
        return node.inputs.allSatisfy { shapes[$0.index].dropFirst(2) == shapes[index].dropFirst(2) }
      case .focus:
        let source = shapes[node.inputs[0].index]
        return source[2] % 2 == 0 && source[3] % 2 == 0
      default:
        return shapes[index].allSatisfy { $0 > 0 }
      }
    }
  }
}

/// The memory into which an image is copied first, so that the first convolution finds zeros around it. It lies behind
/// the memory of the values and is never used for anything else: its border stays zero.
struct PaddedInput {
  let channels: Int
  let height: Int
  let width: Int
  let padding: Int
  let numberSize: ElementSize

  init(channels: Int, height: Int, width: Int, layers: [FusedLayer], numberSize: ElementSize = .float) {
    self.numberSize = numberSize
    self.channels = channels
    self.height = height
    self.width = width
    padding =
      layers.compactMap { layer in
        guard layer.input.index == 0, case .convolution(_, let weights, _, _) = layer.work else { return nil }
        return weights.geometry.padding
      }.max() ?? 0
  }

  var rowStep: Int { width + 2 * padding }
  var planeStep: Int { (height + 2 * padding) * rowStep }
  /// In floats, a whole number of cache lines.
  var size: Int {
    (numberSize.floats(for: channels * planeStep) + channelBlock - 1) / channelBlock * channelBlock
  }
  var layout: yx_layout {
    yx_layout(
      origin: Int64(padding * rowStep + padding), row_stride: Int64(rowStep), block_step: Int64(planeStep))
  }
}
