import CKernels

/// A step over maps of bytes.
struct QuantizedKernel {
  enum Work {
    /// Rounds an image to bytes, in memory with a border around it.
    case stage(Quantization, padding: Int)
    case convolution(yx_quantized_convolution)
    case depthwise(yx_quantized_depthwise)
    case maxPool(yx_max_pool)
    case upsample2x(input: yx_layout)
    case copy(input: yx_layout)
  }

  let work: Work
  let kernels: yx_quantized_kernels
  /// For each place in the output's blocks the byte that stands for zero; `nil` where the output is float32.
  let zeros: UnsafePointer<UInt8>?

  func run(
    _ step: Step, blocks: Range<Int>, rows: Range<Int>, memory: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pixels: UnsafePointer<Float>
  ) {
    let input = bytes(memory + step.input)
    let output = bytes(memory + step.output)
    var layout = step.outputLayout
    let (width, firstRow, endRow) = (Int32(step.width), Int32(rows.lowerBound), Int32(rows.upperBound))

    switch work {
    case .stage(let image, let padding):
      for channel in blocks {
        for row in rows { stage(step, image, padding: padding, channel: channel, row: row, pixels, output) }
      }
    case .convolution(var convolution):
      kernels.convolution(
        &convolution, input, output, step.residual.map { bytes(memory + $0) }, Int32(blocks.lowerBound),
        Int32(blocks.count), firstRow, endRow)
    case .depthwise(var depthwise):
      for block in blocks { kernels.depthwise(&depthwise, input, output, Int32(block), firstRow, endRow) }
    case .maxPool(var pool):
      for block in blocks {
        kernels.max_pool(&pool, input, output, bytes(scratch), Int32(block), firstRow, endRow)
      }
    case .upsample2x(var source):
      for block in blocks {
        yx_upsample2x_bytes(input, &source, output, &layout, width, Int32(block), firstRow, endRow)
      }
    case .copy(let source):
      for block in blocks {
        for row in rows {
          (output + layout.row(row, block: block)).update(
            from: input + source.row(row, block: block), count: step.width * channelBlock)
        }
      }
    }

    guard step.border > 0, let zeros else { return }
    for block in blocks {
      yx_fill_border(
        output, &layout, width, Int32(step.height), Int32(step.border), zeros + block * channelBlock,
        Int32(block), firstRow, endRow)
    }
  }

  private func bytes(_ floats: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(floats).assumingMemoryBound(to: UInt8.self)
  }

  private func stage(
    _ step: Step, _ image: Quantization, padding: Int, channel: Int, row: Int,
    _ pixels: UnsafePointer<Float>, _ output: UnsafeMutablePointer<UInt8>
  ) {
    let layout = step.outputLayout
    let target = output + layout.row(row, block: channel)
    let rowStep = Int(layout.row_stride)
    let zero = image.zeros[channel]
    kernels.quantize(
      pixels + (channel * step.height + row) * step.width, target, Int64(step.width),
      1 / image.steps[channel], zero)
    (target - padding).update(repeating: UInt8(zero), count: padding)
    (target + step.width).update(repeating: UInt8(zero), count: padding)
    for beyond in 0..<padding {
      if row == 0 {
        (target - padding - (beyond + 1) * rowStep).update(repeating: UInt8(zero), count: rowStep)
      }
      if row == step.height - 1 {
        (target - padding + (beyond + 1) * rowStep).update(repeating: UInt8(zero), count: rowStep)
      }
    }
  }

  var name: String {
    switch work {
    case .stage: "stage"
    case .convolution(let convolution): "int8 x\(convolution.taps)" + (convolution.parts == 2 ? " wide" : "")
    case .depthwise: "int8 depthwise"
    case .maxPool(let pool): "int8 max \(pool.kernel)"
    case .upsample2x: "int8 upsample"
    case .copy: "int8 copy"
    }
  }
}
