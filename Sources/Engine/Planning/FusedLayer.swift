/// One step of a network after fusion: what a kernel does in a single pass.
struct FusedLayer {
  enum Work {
    /// Convolution, BatchNorm folded in, activation, and optionally a value to add.
    case convolution(Convolution, weights: FoldedWeights, activation: Activation?, residual: Value?)
    case maxPool(kernel: Int)
    case upsample2x
    case activation(Activation)
    case add(Value)
    /// Copies a part of a concatenation that cannot be written in place, to this block of the whole.
    case copy(toBlock: Int)
  }

  let work: Work
  let input: Value
  /// The node whose value this step gives: the last of those that were fused.
  let result: Value
  let path: String
  /// For a 1x1 convolution whose sums do not begin with its bias: with the pixels of this map, each twice in both
  /// directions, from this block on.
  var upsampledInit: UpsampledInit?
  /// Values that lie in unused places of the result's last block.
  var packedOutputs: [PackedOutput] = []
  /// Where the result matters, if not everywhere.
  var spanMask: SpanMask?
  /// The node in whose place the step runs.
  var order: Int

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
