import CKernels

private let floatBytes = Int32(MemoryLayout<Float>.size)

extension Step {
  /// Runs one unit of one image.
  ///
  /// - Parameters:
  ///   - memory: the image's memory, in the layout of the plan.
  ///   - scratch: scratch memory of this thread.
  ///   - pixels: the image, `[C, H, W]`; read only by a focus and by the copy of the image.
  ///   - threshold: of the span masks; `nil` to compute everything.
  func run(
    unit: Int, kernels: yx_kernels, memory: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pixels: UnsafePointer<Float>, maskThreshold: Float?
  ) {
    // Neighbouring units share blocks, hence weights, rather than rows.
    let firstRow = unit % rowChunks * rowsPerUnit
    let endRow = min(firstRow + rowsPerUnit, height)
    let firstBlock = unit / rowChunks * blocksPerUnit
    let count = min(blocksPerUnit, blocks - firstBlock)
    let out = memory + output

    if let spanMask, maskThreshold != nil {
      for row in firstRow..<endRow {
        let columns = spanMask.memory.span(reach: spanMask.reach, row: row, memory: memory)
        guard !columns.isEmpty, let part = kernel.restricted(to: columns) else { continue }
        run(
          part, blocks: firstBlock..<firstBlock + count, rows: row..<row + 1, unit: unit, kernels: kernels,
          memory: memory, scratch: scratch, pixels: pixels, maskThreshold: maskThreshold)
      }
    } else {
      run(
        kernel, blocks: firstBlock..<firstBlock + count, rows: firstRow..<endRow, unit: unit,
        kernels: kernels, memory: memory, scratch: scratch, pixels: pixels, maskThreshold: maskThreshold)
    }

    if border > 0, !caresForBorder {
      var layout = outputLayout
      yx_fill_border(
        out, &layout, floatBytes, Int32(width), Int32(height), Int32(border), nil, Int32(firstBlock),
        Int32(count),
        Int32(firstRow), Int32(endRow))
    }
  }

  private func run(
    _ kernel: Kernel, blocks: Range<Int>, rows: Range<Int>, unit: Int, kernels: yx_kernels,
    memory: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pixels: UnsafePointer<Float>,
    maskThreshold: Float?
  ) {
    let (firstBlock, count) = (blocks.lowerBound, blocks.count)
    let (firstRow, endRow) = (rows.lowerBound, rows.upperBound)
    let out = memory + output
    switch kernel {
    case .findSpans(let spans, var source):
      guard let maskThreshold else { return }
      let words = UnsafeMutableRawPointer(memory + spans.offset).assumingMemoryBound(to: Int32.self)
      yx_find_spans(
        memory + input, &source, Int32(width), Int32(height), maskThreshold, Int32(spans.reaches), words)
    case .quantized(let kernel):
      kernel.run(
        self, blocks: firstBlock..<firstBlock + count, rows: firstRow..<endRow, memory: memory,
        scratch: scratch, pixels: pixels)
    case .stage:
      for channel in firstBlock..<firstBlock + count {
        for row in firstRow..<endRow {
          let source = pixels + (channel * height + row) * width
          (out + Int(outputLayout.origin) + channel * Int(outputLayout.block_stride)
            + row * Int(outputLayout.row_stride)).update(from: source, count: width)
        }
      }
    case .convolution(var convolution):
      kernels.convolution(
        &convolution, memory + input, out, residual.map { memory + $0 }, Int32(firstBlock), Int32(count),
        Int32(firstRow), Int32(endRow))
    case .bf16Convolution(var convolution):
      kernels.bf16_convolution(
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
          memory + input, &source, out, &target, floatBytes, Int32(width), Int32(block), Int32(firstRow),
          Int32(endRow))
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

  /// Whether the kernel fills the border of its output.
  private var caresForBorder: Bool {
    switch kernel {
    case .stage, .quantized: true
    default: false
    }
  }
}

extension Step.Kernel {
  /// The same kernel for `columns` only; `nil` for kernels that are never masked.
  func restricted(to columns: Range<Int>) -> Step.Kernel? {
    let shift = Int64(columns.lowerBound)
    let channels = Int64(channelBlock)
    switch self {
    case .convolution(var convolution):
      convolution.input_origin += shift * convolution.input_pixel_stride
      convolution.output.origin += shift * channels
      convolution.width = Int32(columns.count)
      return .convolution(convolution)
    case .bf16Convolution(var bf16):
      bf16.input.origin += shift * channels
      bf16.row_floats = Int32(columns.count * channelBlock)
      bf16.convolution.output.origin += shift * channels
      bf16.convolution.width = Int32(columns.count)
      return .bf16Convolution(bf16)
    case .depthwise(var depthwise):
      depthwise.input.origin += shift * channels
      depthwise.output.origin += shift * channels
      depthwise.width = Int32(columns.count)
      return .depthwise(depthwise)
    default: return nil
    }
  }
}
