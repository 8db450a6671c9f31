/// One layer after fusion: the work of a kernel in a single pass.
struct FusedLayer {
  enum Work {
    /// Convolution, BatchNorm folded in, activation, and optionally a value to add.
    case convolution(Convolution, weights: FoldedWeights, activation: Activation?, residual: Value?)
    case maxPool(kernel: Int)
    case upsample2x
    case activation(Activation)
    case add(Value)
    /// Copies a part of a concatenation that cannot be written in place to this block of the concatenation.
    case copy(toBlock: Int)
  }

  let work: Work
  let input: Value
  /// The node whose value this layer computes: the last of the fused nodes.
  let result: Value
  let path: String
  /// For a 1x1 convolution whose sums start from this map, upsampled by 2 in both directions, instead of from its bias; the
  /// block is the first one of the map that is read.
  var upsampledInit: UpsampledInit?
  /// Values that are stored in unused lanes of the result's last block.
  var packedOutputs: [PackedOutput] = []
  /// The mask of the result; `nil` if it is needed everywhere.
  var spanMask: SpanMask?
  /// The node at whose position the layer runs.
  var order: Int

  /// Name of the layer's constants of a kind. Paths are not unique: both upsamplings of a pyramid have the same.
  func constants(_ kind: String) -> String { "\(result.index).\(kind)" }

  struct UpsampledInit {
    let value: Value
    let firstBlock: Int
  }

  struct PackedOutput {
    let value: Value
    let firstLane: Int
  }

  init(
    work: Work, input: Value, result: Value, path: String, upsampledInit: UpsampledInit? = nil,
    packedOutputs: [PackedOutput] = [], order: Int? = nil
  ) {
    self.work = work
    self.input = input
    self.result = result
    self.path = path
    self.upsampledInit = upsampledInit
    self.packedOutputs = packedOutputs
    self.order = order ?? result.index
  }
}
