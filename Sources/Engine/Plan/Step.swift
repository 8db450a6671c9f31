import CKernels

/// One planned operation: its kernel, its memory, and its independent units of work.
struct Step {
  enum Kernel {
    /// Finds the active spans of a mask; `input` is the deciding map, pixel (0, 0) of its channel.
    case findSpans(ActiveSpans, input: yx_layout)
    /// Copies an image into memory with a border around it.
    case stage
    case convolution(yx_convolution)
    /// In bfloat16; a unit computes all blocks.
    case bf16Convolution(yx_bf16_convolution)
    /// A unit is an equal share of the tiles. Its rows say only which part of the border it clears.
    case winograd(yx_winograd, tiles: Int)
    /// Reads the image itself.
    case focus(yx_focus)
    case depthwise(yx_depthwise)
    case maxPool(yx_max_pool)
    case upsample2x(input: yx_layout)
    /// Activation, and optionally an addition, pixel row by pixel row.
    case activate(yx_activation, input: yx_layout, residual: yx_layout?)
    /// Bytes in, bytes or floats out.
    case quantized(QuantizedKernel)
  }

  let kernel: Kernel
  let path: String
  /// In floats, from the start of the image's memory.
  let input: Int
  let residual: Int?
  let output: Int
  let outputLayout: yx_layout
  let width: Int
  let height: Int
  let border: Int
  /// Blocks per unit, and number of blocks.
  let blocksPerUnit: Int
  let blocks: Int
  let rowsPerUnit: Int
  /// Multiplications and additions for one image.
  let operations: Int
  /// Bytes of weights and maps that the step reads and writes for one image.
  var bytes = 0
  /// The spans that the step computes; `nil` for everything.
  var spanMask: (memory: ActiveSpans, reach: Int)?

  var rowChunks: Int { (height + rowsPerUnit - 1) / rowsPerUnit }
  var blockChunks: Int { (blocks + blocksPerUnit - 1) / blocksPerUnit }
  /// Number of parts of one image's work. Each writes its own part of the output and can run on any thread.
  var units: Int { rowChunks * blockChunks }
}

extension yx_layout {
  func row(_ row: Int, block: Int) -> Int { Int(origin) + block * Int(block_stride) + row * Int(row_stride) }
}
