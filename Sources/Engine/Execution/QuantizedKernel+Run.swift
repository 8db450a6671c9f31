import CKernels

extension QuantizedKernel {
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
        yx_upsample2x(input, &source, output, &layout, 1, width, Int32(block), firstRow, endRow)
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
    yx_fill_border(
      output, &layout, 1, width, Int32(step.height), Int32(step.border), zeros, Int32(blocks.lowerBound),
      Int32(blocks.count), firstRow, endRow)
  }

  private func bytes(_ floats: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(floats).assumingMemoryBound(to: UInt8.self)
  }

  private func stage(
    _ step: Step, _ image: QuantizationParameters, padding: Int, channel: Int, row: Int,
    _ pixels: UnsafePointer<Float>, _ output: UnsafeMutablePointer<UInt8>
  ) {
    let layout = step.outputLayout
    let target = output + layout.row(row, block: channel)
    let rowStride = Int(layout.row_stride)
    let zero = image.zeroPoints[channel]
    kernels.quantize(
      pixels + (channel * step.height + row) * step.width, target, Int64(step.width),
      1 / image.scales[channel], zero)
    (target - padding).update(repeating: UInt8(zero), count: padding)
    (target + step.width).update(repeating: UInt8(zero), count: padding)
    for beyond in 0..<padding {
      if row == 0 {
        (target - padding - (beyond + 1) * rowStride).update(repeating: UInt8(zero), count: rowStride)
      }
      if row == step.height - 1 {
        (target - padding + (beyond + 1) * rowStride).update(repeating: UInt8(zero), count: rowStride)
      }
    }
  }
}
