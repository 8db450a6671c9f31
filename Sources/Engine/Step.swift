import CKernels

/// One layer, ready to run: which kernel, over which memory, in how many independent units of work.
struct Step {
  enum Kernel {
    /// Finds where the steps of a gate have to compute; `input` is the map that decides, pixel (0, 0) of its channel.
    case gate(ActiveSpans, input: yx_layout)
    /// Copies an image into memory with a border around it.
    case stage
    case convolution(yx_convolution)
    /// In bfloat16; a unit has all blocks.
    case narrowConvolution(yx_narrow_convolution)
    /// A unit is an equal share of the tiles; its rows are only those whose border it clears.
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
  /// Blocks that one unit computes, and how many blocks there are.
  let blocksPerUnit: Int
  let blocks: Int
  let rowsPerUnit: Int
  /// Multiplications and additions for one image.
  let operations: Int
  /// Weights and maps that the step reads and writes for one image.
  var bytes = 0
  /// Where the step has to compute, if not everywhere.
  var gate: (memory: ActiveSpans, reach: Int)?

  var rowChunks: Int { (height + rowsPerUnit - 1) / rowsPerUnit }
  var blockChunks: Int { (blocks + blocksPerUnit - 1) / blocksPerUnit }
  /// Pieces of one image's work; each writes its own part of the output and can run on any thread.
  var units: Int { rowChunks * blockChunks }

  /// Runs one unit of one image.
  ///
  /// - Parameters:
  ///   - memory: the image's memory, laid out as the plan says.
  ///   - scratch: this thread's own.
  ///   - pixels: the image, `[C, H, W]`; only a focus and staging read it.
  ///   - threshold: of the network's gates; `nil` to compute everything.
  func run(
    unit: Int, kernels: yx_kernels, memory: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pixels: UnsafePointer<Float>, threshold: Float?
  ) {
    // Neighbouring units share blocks, hence weights, rather than rows.
    let firstRow = unit % rowChunks * rowsPerUnit
    let endRow = min(firstRow + rowsPerUnit, height)
    let firstBlock = unit / rowChunks * blocksPerUnit
    let count = min(blocksPerUnit, blocks - firstBlock)
    let out = memory + output

    if let gate, threshold != nil {
      for row in firstRow..<endRow {
        let columns = gate.memory.span(reach: gate.reach, row: row, memory: memory)
        guard !columns.isEmpty, let part = kernel.restricted(to: columns) else { continue }
        run(
          part, blocks: firstBlock..<firstBlock + count, rows: row..<row + 1, unit: unit, kernels: kernels,
          memory: memory, scratch: scratch, pixels: pixels, threshold: threshold)
      }
    } else {
      run(
        kernel, blocks: firstBlock..<firstBlock + count, rows: firstRow..<endRow, unit: unit,
        kernels: kernels, memory: memory, scratch: scratch, pixels: pixels, threshold: threshold)
    }

    if border > 0, !caresForBorder {
      var layout = outputLayout
      yx_clear_border(
        out, &layout, Int32(width), Int32(height), Int32(border), Int32(firstBlock), Int32(count),
        Int32(firstRow), Int32(endRow))
    }
  }

  private func run(
    _ kernel: Kernel, blocks: Range<Int>, rows: Range<Int>, unit: Int, kernels: yx_kernels,
    memory: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pixels: UnsafePointer<Float>,
    threshold: Float?
  ) {
    let (firstBlock, count) = (blocks.lowerBound, blocks.count)
    let (firstRow, endRow) = (rows.lowerBound, rows.upperBound)
    let out = memory + output
    switch kernel {
    case .gate(let gate, var source):
      guard let threshold else { return }
      let spans = UnsafeMutableRawPointer(memory + gate.offset).assumingMemoryBound(to: Int32.self)
      yx_find_spans(
        memory + input, &source, Int32(width), Int32(height), threshold, Int32(gate.reaches), spans)
    case .quantized(let kernel):
      kernel.run(
        self, blocks: firstBlock..<firstBlock + count, rows: firstRow..<endRow, memory: memory,
        scratch: scratch, pixels: pixels)
    case .stage:
      for channel in firstBlock..<firstBlock + count {
        for row in firstRow..<endRow {
          let source = pixels + (channel * height + row) * width
          (out + Int(outputLayout.origin) + channel * Int(outputLayout.block_step)
            + row * Int(outputLayout.row_stride)).update(from: source, count: width)
        }
      }
    case .convolution(var convolution):
      kernels.convolution(
        &convolution, memory + input, out, residual.map { memory + $0 }, Int32(firstBlock), Int32(count),
        Int32(firstRow), Int32(endRow))
    case .narrowConvolution(var convolution):
      kernels.narrow_convolution(
        &convolution, memory + input, out, residual.map { memory + $0 }, scratch, Int32(firstRow),
        Int32(endRow))
    case .winograd(var winograd, let tiles):
      kernels.winograd(
        &winograd, memory + input, out, residual.map { memory + $0 }, scratch, Int32(tiles * unit / units),
        Int32(tiles * (unit + 1) / units))
    case .focus(var focus):
      kernels.focus(&focus, pixels, out, scratch, Int32(firstRow), Int32(endRow))
    case .depthwise(var depthwise):
      for block in firstBlock..<firstBlock + count {
        kernels.depthwise(&depthwise, memory + input, out, Int32(block), Int32(firstRow), Int32(endRow))
      }
    case .maxPool(var pool):
      for block in firstBlock..<firstBlock + count {
        kernels.max_pool(&pool, memory + input, out, scratch, Int32(block), Int32(firstRow), Int32(endRow))
      }
    case .upsample2x(var source):
      var target = outputLayout
      for block in firstBlock..<firstBlock + count {
        yx_upsample2x(
          memory + input, &source, out, &target, Int32(width), Int32(block), Int32(firstRow), Int32(endRow))
      }
    case .activate(let activation, let source, let other):
      for block in firstBlock..<firstBlock + count {
        for row in firstRow..<endRow {
          kernels.activate(
            memory + input + source.row(row, block: block), out + outputLayout.row(row, block: block),
            other.flatMap { layout in residual.map { memory + $0 + layout.row(row, block: block) } },
            Int64(width), activation)
        }
      }
    }
  }

  /// Whether the kernel itself sees to what lies around its output.
  private var caresForBorder: Bool {
    switch kernel {
    case .stage, .quantized: true
    default: false
    }
  }
}

extension yx_layout {
  func row(_ row: Int, block: Int) -> Int { Int(origin) + block * Int(block_step) + row * Int(row_stride) }
}
